"""The audit log in words: what was done, and each value before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from billing_seats.plans import Plan
from members.models import AuditEvent, Role, Scope, Status

ACTIONS = {
    "invitation.created": gettext_lazy("Invited"),
    "invitation.resent": gettext_lazy("Invitation resent"),
    "invitation.extended": gettext_lazy("Invitation’s expiry changed"),
    "invitation.revoked": gettext_lazy("Invitation revoked"),
    "invitation.declined": gettext_lazy("Invitation declined"),
    "invitation.accepted": gettext_lazy("Invitation accepted"),
    "invitation.link_asked": gettext_lazy("New link asked for"),
    "invitation.mail_retried": gettext_lazy("Email tried again"),
    "invitation.address_released": gettext_lazy("Address released for mail"),
    "member.role_changed": gettext_lazy("Role changed"),
    "member.email_changed": gettext_lazy("Address changed"),
    "member.renamed": gettext_lazy("Name changed"),
    "member.end_changed": gettext_lazy("End of access changed"),
    "member.deactivated": gettext_lazy("Deactivated"),
    "member.reactivated": gettext_lazy("Reactivated"),
    "member.removed": gettext_lazy("Removed"),
    "member.left": gettext_lazy("Left the workspace"),
    "seat.given": gettext_lazy("Seat given"),
    "seat.taken": gettext_lazy("Seat taken"),
    "seats.recounted": gettext_lazy("Seats recounted"),
    "subscription.changed": gettext_lazy("Subscription changed"),
    "api_key.created": gettext_lazy("API key made"),
    "api_key.taken_over": gettext_lazy("API key taken over"),
    "api_key.revoked": gettext_lazy("API key revoked"),
    "workspace.created": gettext_lazy("Workspace created"),
    "workspace.changed": gettext_lazy("Workspace’s settings changed"),
}
"""Everything that a workspace's log tells of, by the log's name."""

FIELDS = {
    "role": gettext_lazy("Role"),
    "status": gettext_lazy("Status"),
    "seats": gettext_lazy("Seats"),
    "expires_at": gettext_lazy("Ends"),
    "email": gettext_lazy("Email"),
    "name": gettext_lazy("Name"),
    "reminders": gettext_lazy("Reminders"),
    "slug": gettext_lazy("Address of the workspace"),
    "plan": gettext_lazy("Plan"),
    "renews_on": gettext_lazy("Renewal"),
    "scope": gettext_lazy("Scope"),
    "secret": gettext_lazy("Secret"),
    "revoked_at": gettext_lazy("Revoked"),
    "created_by": gettext_lazy("Who answers for it"),
    "error_code": gettext_lazy("Error"),
    "held": gettext_lazy("Held back"),
}
_NAMED: dict[str, Mapping[str, Any]] = {
    "role": dict(Role.choices),
    "status": dict(Status.choices) | {"pending": gettext_lazy("Pending"), "revoked": gettext_lazy("Revoked")},
    "plan": dict(Plan.choices),
    "scope": dict(Scope.choices),
    "secret": {"new": pgettext_lazy("secret", "new")},
    "held": {"bounced": gettext_lazy("Bounced"), "complained": gettext_lazy("Marked as spam")},
}
type Names = Mapping[str, str]


@dataclass(frozen=True)
class Change:
    """One field of an event: its name, and the value before (empty: there was none) and after, in words."""

    field: str
    before: str
    after: str


def action(event: AuditEvent) -> str:
    """Answer what was done; the log's own name where there are no words for it."""
    return str(ACTIONS.get(event.action, event.action))


def changes(event: AuditEvent, names: Names) -> list[Change]:
    """Answer what was changed; ``names`` are names of products by slug, and of people by id."""
    told = [
        Change(
            str(FIELDS.get(field, names.get(field, field))),
            "" if _is_nothing(before) else _value(field, before, names),
            _("none") if _is_nothing(after) else _value(field, after, names),
        )
        for field, (before, after) in event.changes.items()
        if not (_is_nothing(before) and _is_nothing(after))
    ]
    return [change for change in told if change.before != change.after]


def _is_nothing(value: Any) -> bool:
    return value is None or value in ("", [])


def _value(field: str, value: Any, names: Names) -> str:
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, list):
        return ", ".join(_value(field, one, names) for one in value)
    if field.endswith("_at"):
        return _moment(str(value))
    return str(_NAMED.get(field, names).get(str(value), value))


def _moment(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return _("%(time)s UTC") % {"time": date_format(at, "DATETIME_FORMAT")}


def by(event: AuditEvent) -> tuple[str, str]:
    """Answer who it was, and what kind of caller where it was no member."""
    if event.actor_type == "system":
        return _("The console itself"), ""
    kinds = {"staff": _("Support"), "key": _("API key")}
    return event.actor_label, kinds.get(event.actor_type, "")
