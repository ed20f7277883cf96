"""The form that creates a workspace."""

from django import forms
from django.utils.translation import gettext_lazy as _

from members.forms import NameField

SLUG_MIN, SLUG_MAX = 2, 32


class NewWorkspaceForm(forms.Form):
    """The name of a new workspace, and the slug used in its URLs for good."""

    name = NameField(widget=forms.TextInput(attrs={"autocomplete": "organization"}))
    slug = forms.SlugField(
        label=_("Slug"),
        min_length=SLUG_MIN,
        max_length=SLUG_MAX,
        help_text=_("2 to 32 lower-case letters, digits and hyphens. It is used in the URL and can’t be changed."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
