"""A workspace's settings form, and the name field that every app's forms share."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.errors import InvalidRequest
from members.names import MAX_LENGTH, clean_name


class NameField(forms.CharField):
    """The name of a person or a workspace, checked by the rules of ``members.names``."""

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


class WorkspaceForm(forms.Form):
    """A workspace's settings."""

    name = NameField(widget=forms.TextInput(attrs={"autocomplete": "off"}))
    reminders = forms.BooleanField(
        label=_("Remind people of their invitation"),
        required=False,
        help_text=_("One email two days before an invitation of three days or more expires."),
    )
