"""What is typed before a person is erased."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from members.models import User


class ErasureForm(forms.Form):
    """The own address, typed so that nobody erases themself by a click too many."""

    email = forms.CharField(required=False, widget=forms.EmailInput(attrs={"autocomplete": "off"}))

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        self.user = user
        self.fields["email"].label = _("Type %(email)s to confirm") % {"email": user.email}

    def clean_email(self) -> str:
        """Return the address.

        Raises:
            ValidationError: it is not the account's.
        """
        email: str = self.cleaned_data["email"].strip().lower()
        if email != self.user.email:
            raise forms.ValidationError(_("This isn’t your email address."))
        return email
