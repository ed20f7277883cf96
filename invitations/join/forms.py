"""Forms of the join pages."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from invitations.offers import Offer
from members.forms import NameField
from members.models import User

PASSWORD_MAX = 256
"""Characters; hashing a longer one would only cost time."""


class OfferForm(forms.Form):
    """Says which sending of which invitation the page showed, so that two tabs can't be mixed up."""

    invitation = forms.UUIDField(widget=forms.HiddenInput)
    generation = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, offer: Offer) -> None:
        shown = {"invitation": offer.invitation.pk, "generation": offer.generation}
        super().__init__(data, initial=shown)
        self.offer = offer

    def repeats(self) -> bool:
        """Return whether the submitted page showed the session's offer."""
        invitation, generation = self.data.get("invitation", ""), self.data.get("generation", "")
        same = str(invitation) == str(self.offer.invitation.pk)
        return same and str(generation) == str(self.offer.generation)


class NewPersonForm(OfferForm):
    """The account of an invitee who has none yet; the link proves the address."""

    name = NameField()
    password = forms.CharField(
        label=_("Password"),
        max_length=PASSWORD_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 8 characters, not only digits and no common password."),
    )

    def clean(self) -> dict[str, Any]:
        """Validate the password, also against name and address."""
        data: dict[str, Any] = super().clean() or {}
        if password := data.get("password"):
            person = User(email=self.offer.email, name=data.get("name", ""))
            try:
                validate_password(password, person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


class SentTwiceForm(forms.Form):
    """The fields of a form that arrives twice; with a password only from a new person."""

    invitation = forms.UUIDField()
    password = forms.CharField(max_length=PASSWORD_MAX, strip=False, required=False)
