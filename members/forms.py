"""Forms about people: signing up, the own profile and its address."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from members.addresses import MAX_LENGTH as MAX_ADDRESS
from members.addresses import canonical
from members.errors import InvalidRequest
from members.names import MAX_LENGTH, clean_name


class NameField(forms.CharField):
    """A name of a person or a workspace, held to the rules of ``members.names``."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Name"))
        kwargs.setdefault("max_length", MAX_LENGTH)
        kwargs.setdefault("widget", forms.TextInput(attrs={"autocomplete": "name"}))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        """Return the trimmed name, or raise a form error."""
        text: str = super().clean(value)
        try:
            return clean_name(text) if text else text
        except InvalidRequest as error:
            raise forms.ValidationError(str(error.message), code="invalid") from error


class SignUpForm(forms.Form):
    """What signing up asks for beside address and password; allauth derives its own form from this one."""

    name = NameField()
    field_order = ["name", "email", "password1"]

    def signup(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Do nothing more: the adapter stores the name together with the account."""


class ProfileForm(forms.Form):
    """The own name and language."""

    name = NameField()
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class WorkspaceForm(forms.Form):
    """What holds for a workspace as a whole."""

    name = NameField(widget=forms.TextInput(attrs={"autocomplete": "off"}))
    reminders = forms.BooleanField(
        label=_("Remind people of their invitation"),
        required=False,
        help_text=_("One email two days before an invitation of three days or more expires."),
    )


class AddressForm(forms.Form):
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
