"""What was done to one person, in words: their events in the audit log, newest first."""

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.dates import last_day
from members.models import AuditEvent, Role, Workspace

MOST = 20
type Names = Mapping[str, str]
type Changes = Mapping[str, list[Any]]


@dataclass(frozen=True)
class Happening:
    """One event: when, what in words, and by whom."""

    at: datetime
    words: str
    by: str


PLAIN = {
    "invitation.created": gettext_lazy("Invited as %(role)s%(seats)s"),
    "invitation.resent": gettext_lazy("Invitation sent again%(seats)s"),
    "invitation.mail_retried": gettext_lazy("Email tried again"),
    "invitation.address_released": gettext_lazy("Address released: mail can be sent to it again"),
    "invitation.extended": gettext_lazy("Invitation valid through %(day)s"),
    "invitation.accepted": gettext_lazy("Joined as %(role)s"),
    "invitation.declined": gettext_lazy("Declined the invitation"),
    "invitation.revoked": gettext_lazy("Invitation revoked"),
    "invitation.link_asked": gettext_lazy("Asked for a new link"),
    "member.role_changed": gettext_lazy("Role changed from %(role_before)s to %(role)s"),
    "member.email_changed": gettext_lazy("Address changed from %(email_before)s to %(email)s"),
    "member.renamed": gettext_lazy("Name changed from %(name_before)s to %(name)s"),
    "member.reactivated": gettext_lazy("Reactivated%(seats)s"),
    "member.removed": gettext_lazy("Removed from the workspace"),
    "member.left": gettext_lazy("Left the workspace"),
    "seat.given": gettext_lazy("Seat given: %(product)s"),
    "seat.taken": gettext_lazy("Seat taken back: %(product)s"),
}
"""What happened by the log's name of it, with places for the log's values."""


def history(workspace: Workspace, ids: Collection[uuid.UUID], names: Names) -> list[Happening]:
    """Answer the last twenty events about a member and their invitations, whose ids are given.

    ``names`` are names of products by slug.
    """
    events = AuditEvent.objects.filter(workspace_id=workspace.id, target_id__in=ids).order_by("-occurred_at", "-id")
    return [Happening(one.occurred_at, words(one.action, one.changes, names), _by(one)) for one in events[:MOST]]


def words(action: str, changes: Changes, names: Names) -> str:
    """Answer in words what an event of the log says; its own name, where there are none."""
    if special := SPECIAL.get(action):
        return special(changes, names)
    return str(PLAIN[action]) % _values(changes, names) if action in PLAIN else action


def _values(changes: Changes, names: Names) -> dict[str, str]:
    """Answer the log's values as they are read, by field; those before under ``<field>_before``."""
    values = {"role": "", "seats": "", "product": "", "day": ""}
    for field, (before, after) in changes.items():
        values |= {field: _shown(field, after, names), f"{field}_before": _shown(field, before, names)}
    if isinstance(after := changes.get("seats", [None, None])[1], list):
        listed = ", ".join(names.get(slug, slug) for slug in after)
        values["seats"] = _(", with a seat of: %(seats)s") % {"seats": listed} if listed else ""
    elif "seats" in changes:
        values["product"] = " ".join(names.get(slug, slug) for slug in changes["seats"] if slug)
    if moment := changes.get("expires_at", [None, None])[1]:
        values["day"] = _day(moment)
    return values


def _shown(field: str, value: Any, names: Names) -> str:
    if field == "role" and value in Role.values:
        return str(Role(value).label)
    return names.get(str(value), "" if value is None else str(value))


def _day(moment: str) -> str:
    return date_format(last_day(datetime.fromisoformat(moment)))


def _listed(slugs: list[str], names: Names) -> str:
    return ", ".join(names.get(slug, slug) for slug in slugs)


def _deactivated(changes: Changes, names: Names) -> str:
    freed = _listed(changes.get("seats", [[], []])[0], names)
    return _("Deactivated; seats that became free: %(seats)s") % {"seats": freed} if freed else _("Deactivated")


def _end_changed(changes: Changes, names: Names) -> str:
    end = changes["expires_at"][1]
    told = _("Access through %(day)s") % {"day": _day(end)} if end else _("Access without end")
    had, kept = changes.get("seats", [[], []])
    gone = _listed([slug for slug in had if slug not in kept], names)
    return _("%(told)s; seats let go: %(seats)s") % {"told": told, "seats": gone} if gone else told


SPECIAL: dict[str, Callable[[Changes, Names], str]] = {
    "member.deactivated": _deactivated,
    "member.end_changed": _end_changed,
}


def _by(event: AuditEvent) -> str:
    if event.actor_type == "staff":
        return _("%(who)s, support") % {"who": event.actor_label}
    if event.actor_type == "key":
        return _("API key %(name)s") % {"name": event.actor_label}
    return _("the console") if event.actor_type == "system" else event.actor_label
