"""Forms about workspaces and what they bought."""

from django import forms
from django.utils.translation import gettext_lazy as _

from members.forms import NameField

SLUG_MIN, SLUG_MAX = 2, 32


class WorkspaceForm(forms.Form):
    """A new workspace: its name, and the slug that stands in its addresses for good."""

    name = NameField(widget=forms.TextInput(attrs={"autocomplete": "organization"}))
    slug = forms.SlugField(
        label=_("Slug"),
        min_length=SLUG_MIN,
        max_length=SLUG_MAX,
        help_text=_("2 to 32 lower-case letters, digits and hyphens. It stands in the address and never changes."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
