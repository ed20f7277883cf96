"""The form that creates an API key."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.forms import NameField
from members.models import Scope

NEVER = "never"
DAYS = {"30": _("30 days"), "90": _("90 days"), "365": _("1 year")}


class NewKeyForm(forms.Form):
    """Name, scope and expiry of a key."""

    name = NameField(
        label=_("Name"),
        help_text=_("The program or script that will use it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    scope = forms.ChoiceField(
        label=_("Scope"),
        choices=[
            (Scope.READ, _("Read: see members, invitations, seats, audit log")),
            (Scope.WRITE, _("Read and write: everything an Admin can do, except create API keys")),
        ],
        initial=Scope.READ,
        widget=forms.RadioSelect,
    )
    days = forms.ChoiceField(
        label=_("Expires after"),
        choices=[*DAYS.items(), (NEVER, _("Never"))],
        initial="90",
        help_text=_("You can revoke it at any time."),
    )

    def clean(self) -> dict[str, Any]:
        """Return the values with ``expires_at`` in place of ``days``; None is never."""
        cleaned: dict[str, Any] = super().clean() or {}
        days = cleaned.pop("days", NEVER)
        expires_at: datetime | None = None if days == NEVER else timezone.now() + timedelta(days=int(days))
        return {**cleaned, "expires_at": expires_at}
