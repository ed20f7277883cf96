"""Forms of one's own account: signing up, the profile, a new email address."""

from django import forms
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from members.addresses import MAX_LENGTH as MAX_ADDRESS
from members.addresses import canonical
from members.errors import InvalidRequest
from members.forms import NameField


class SignUpForm(forms.Form):
    """What signing up asks for besides address and password; allauth extends this form."""

    name = NameField()
    field_order = ["name", "email", "password1"]

    def signup(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Do nothing: the adapter saves the name with the account."""


class ProfileForm(forms.Form):
    """The own name and language."""

    name = NameField()
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class NewAddressForm(forms.Form):
    """The address that the person wants to have."""

    email = forms.CharField(
        label=_("New address"),
        max_length=MAX_ADDRESS,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_email(self) -> str:
        """Return the canonical address, or raise a form error."""
        try:
            return canonical(self.cleaned_data["email"])
        except InvalidRequest as error:
            raise forms.ValidationError(str(error.message), code="invalid") from error
