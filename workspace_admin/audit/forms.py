"""What the page of the audit log can be narrowed to."""

from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from members.audit_words import TITLES
from members.clock import LAST, end_of
from members.models import AuditEvent, Workspace
from workspace_admin.audit.queries import about

FIRST = date(2000, 1, 1)


class DayField(forms.DateField):
    """A day, as a browser's own picker gives it."""

    def __init__(self, label: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "min": FIRST, "max": LAST})
        super().__init__(label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"])

    def clean(self, value: Any) -> date | None:
        """Return the day.

        Raises:
            ValidationError: it is none, or none that the log can have.
        """
        day: date | None = super().clean(value)
        if day is not None and not FIRST <= day <= LAST:
            raise forms.ValidationError(_("Choose another day."))
        return day


class FilterForm(forms.Form):
    """Each is left out where it makes no sense."""

    action = forms.ChoiceField(label=_("Action"), required=False, choices=[("", _("Everything")), *TITLES.items()])
    who = forms.CharField(
        label=_("Person"),
        required=False,
        max_length=254,
        widget=forms.TextInput(
            attrs={"type": "search", "autocomplete": "off", "placeholder": _("Name or email address")}
        ),
    )
    since = DayField(_("From"))
    until = DayField(_("To"))

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data, auto_id="filter-%s")
        self.is_valid()

    @property
    def wanted(self) -> dict[str, Any]:
        """Return the valid filters that were given."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    def narrow(self, rows: QuerySet[AuditEvent], workspace: Workspace) -> QuerySet[AuditEvent]:
        """Return the events that match the filters; days are in UTC."""
        wanted = self.wanted
        if "action" in wanted:
            rows = rows.filter(action=wanted["action"])
        if "since" in wanted:
            rows = rows.filter(occurred_at__gte=datetime.combine(wanted["since"], time.min, UTC))
        if "until" in wanted:
            rows = rows.filter(occurred_at__lt=end_of(wanted["until"]))
        return about(rows, workspace, wanted["who"]) if "who" in wanted else rows

    def link(self, **more: str) -> str:
        """Return the query string for the same filters."""
        return "?" + urlencode(self.wanted | more)
