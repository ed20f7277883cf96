"""The audit log in words: for its page, a person's history, the Subscription page's recent changes and Django admin."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from members.clock import last_day
from members.models import AuditEvent, Role, Scope, Status

TITLES = {
    "invitation.created": gettext_lazy("Invited"),
    "invitation.resent": gettext_lazy("Invitation resent"),
    "invitation.extended": gettext_lazy("Invitation expiry changed"),
    "invitation.revoked": gettext_lazy("Invitation revoked"),
    "invitation.restored": gettext_lazy("Revocation undone"),
    "invitation.declined": gettext_lazy("Invitation declined"),
    "invitation.accepted": gettext_lazy("Invitation accepted"),
    "invitation.link_asked": gettext_lazy("New link requested"),
    "invitation.labelled": gettext_lazy("Invitation labels changed"),
    "invitation.mail_retried": gettext_lazy("Email retried"),
    "invitation.address_released": gettext_lazy("Email address unblocked"),
    "member.role_changed": gettext_lazy("Role changed"),
    "member.email_changed": gettext_lazy("Email address changed"),
    "member.renamed": gettext_lazy("Name changed"),
    "member.labelled": gettext_lazy("Labels changed"),
    "member.end_changed": gettext_lazy("End date changed"),
    "member.deactivated": gettext_lazy("Deactivated"),
    "member.reactivated": gettext_lazy("Reactivated"),
    "member.removed": gettext_lazy("Removed"),
    "member.restored": gettext_lazy("Removal undone"),
    "member.left": gettext_lazy("Left the workspace"),
    "members.exported": gettext_lazy("Members exported"),
    "person.erased": gettext_lazy("Person erased"),
    "seat.given": gettext_lazy("Seat assigned"),
    "seat.taken": gettext_lazy("Seat removed"),
    "seats.recounted": gettext_lazy("Seats recounted"),
    "subscription.changed": gettext_lazy("Subscription changed"),
    "api_key.created": gettext_lazy("API key created"),
    "api_key.taken_over": gettext_lazy("API key taken over"),
    "api_key.revoked": gettext_lazy("API key revoked"),
    "workspace.created": gettext_lazy("Workspace created"),
    "workspace.changed": gettext_lazy("Workspace settings changed"),
}
"""Every action in a workspace's log."""
INSTALLATION_TITLES = {
    "product.added": gettext_lazy("Product added"),
    "product.changed": gettext_lazy("Product changed"),
    "product_key.created": gettext_lazy("Product key created"),
    "product_key.revoked": gettext_lazy("Product key revoked"),
}
"""Every action in the log of the whole installation, which support staff see in the admin."""
SENTENCES = {
    "invitation.created": gettext_lazy("%(who)s invited %(target)s as %(role)s"),
    "invitation.resent": gettext_lazy("%(who)s resent the invitation to %(target)s"),
    "invitation.extended": gettext_lazy("%(who)s set the invitation to %(target)s to expire on %(day)s"),
    "invitation.revoked": gettext_lazy("%(who)s revoked the invitation to %(target)s"),
    "invitation.restored": gettext_lazy("%(who)s undid the revocation of the invitation to %(target)s"),
    "invitation.declined": gettext_lazy("%(who)s declined the invitation"),
    "invitation.accepted": gettext_lazy("%(who)s accepted the invitation and joined as %(role)s"),
    "invitation.link_asked": gettext_lazy("%(who)s asked for a new link"),
    "invitation.labelled": gettext_lazy("%(who)s changed the external ID or metadata of the invitation to %(target)s"),
    "invitation.mail_retried": gettext_lazy("%(who)s retried the email to %(target)s"),
    "invitation.address_released": gettext_lazy("%(who)s allowed emails to %(target)s again"),
    "member.role_changed": gettext_lazy("%(who)s changed the role of %(target)s from %(role_before)s to %(role)s"),
    "member.email_changed": gettext_lazy("%(who)s changed their email address from %(email_before)s to %(email)s"),
    "member.renamed": gettext_lazy("%(who)s changed their name from %(name_before)s to %(name)s"),
    "member.labelled": gettext_lazy("%(who)s changed the external ID or metadata of %(target)s"),
    "member.end_changed": gettext_lazy("%(who)s set an end date for %(target)s: %(day)s"),
    "member.deactivated": gettext_lazy("%(who)s deactivated %(target)s"),
    "member.reactivated": gettext_lazy("%(who)s reactivated %(target)s"),
    "member.removed": gettext_lazy("%(who)s removed %(target)s from the workspace"),
    "member.restored": gettext_lazy("%(who)s undid the removal of %(target)s"),
    "member.left": gettext_lazy("%(who)s left the workspace"),
    "members.exported": gettext_lazy("%(who)s exported the member list"),
    "person.erased": gettext_lazy("%(who)s erased a member’s account and personal data"),
    "seat.given": gettext_lazy("%(who)s assigned a %(seats)s seat to %(target)s"),
    "seat.taken": gettext_lazy("%(who)s removed the %(seats_before)s seat from %(target)s"),
    "seats.recounted": gettext_lazy("%(who)s recounted the seats"),
    "api_key.created": gettext_lazy("%(who)s created the API key “%(target)s”"),
    "api_key.taken_over": gettext_lazy("%(who)s took over the API key “%(target)s” with a new secret"),
    "api_key.revoked": gettext_lazy("%(who)s revoked the API key “%(target)s”"),
    "workspace.created": gettext_lazy("%(who)s created the workspace"),
    "workspace.changed": gettext_lazy("%(who)s changed the workspace’s settings"),
}
_BLANKED = {
    "person.erased": gettext_lazy("A member erased their account and personal data"),
    "member.email_changed": gettext_lazy("%(who)s changed their email address"),
    "member.renamed": gettext_lazy("%(who)s changed their name"),
}
"""Sentences about a person who was erased since, or by themself."""
FIELDS = {
    "role": gettext_lazy("Role"),
    "status": gettext_lazy("Status"),
    "seats": gettext_lazy("Seats"),
    "seats_gone": gettext_lazy("Seats not restored"),
    "expires_at": gettext_lazy("End date"),
    "email": gettext_lazy("Email address"),
    "name": gettext_lazy("Name"),
    "reminders": gettext_lazy("Reminders"),
    "slug": gettext_lazy("Slug"),
    "plan": gettext_lazy("Plan"),
    "renews_on": gettext_lazy("Renewal"),
    "scope": gettext_lazy("Scope"),
    "secret": gettext_lazy("Secret"),
    "revoked_at": gettext_lazy("Revoked"),
    "created_by": gettext_lazy("Owner"),
    "error_code": gettext_lazy("Error"),
    "held": gettext_lazy("Emails stopped"),
    "external_id": gettext_lazy("External ID"),
    "metadata": gettext_lazy("Metadata"),
    "rows": gettext_lazy("People"),
    "filters": gettext_lazy("Filters"),
}
_VALUES: dict[str, Mapping[str, Any]] = {
    "role": dict(Role.choices),
    "status": dict(Status.choices) | {"pending": gettext_lazy("Pending"), "revoked": gettext_lazy("Revoked")},
    "scope": dict(Scope.choices),
    "secret": {"new": pgettext_lazy("secret", "new")},
    "held": {"bounced": gettext_lazy("Bounced"), "complained": gettext_lazy("Marked as spam")},
}
type Names = Mapping[str, str]
"""Names of products by slug, and of people by the id of their account."""


@dataclass(frozen=True)
class Change:
    """One field of an event, with its value before (empty if there was none) and after, in words."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Activity:
    """An event as one sentence."""

    text: str
    at: datetime
    action: str


def activity(events: Iterable[AuditEvent], names: Names) -> list[Activity]:
    """Return the events as sentences, in the same order; an event with several changes has several."""
    return [Activity(text, event.occurred_at, event.action) for event in events for text in sentences(event, names)]


def title(event: AuditEvent) -> str:
    """Return the short title of what was done; the action itself if it has none."""
    return str((TITLES | INSTALLATION_TITLES).get(event.action, event.action))


def sentences(event: AuditEvent, names: Names) -> list[str]:
    """Return who did what to whom, one sentence for each change."""
    told = {"who": _who(event), "target": event.target_label or _("someone"), "role": "", "seats": "", "day": ""}
    for field, (before, after) in event.changes.items():
        told |= {field: _value(field, after, names), f"{field}_before": _value(field, before, names)}
    if event.action == "subscription.changed":
        return [_subscription(told, field, before, after, names) for field, (before, after) in event.changes.items()]
    if event.action not in SENTENCES:
        return [f"{told['who']}: {event.action} {event.target_label}"]
    text = str(SENTENCES[event.action])
    if event.action in _BLANKED and not event.actor_label:
        text = str(_BLANKED[event.action])
    if end := event.changes.get("expires_at", [None, None])[1]:
        told["day"] = date_format(last_day(datetime.fromisoformat(end)))
    elif event.action == "member.end_changed":
        text = _("%(who)s removed the end date of %(target)s")
    return [_with_seats(text % told, event, names)]


def _with_seats(text: str, event: AuditEvent, names: Names) -> str:
    """Add the seats that were gained or lost along with another change."""
    before, after = event.changes.get("seats", [None, None])
    if not isinstance(after, list):
        return text
    added, freed = (_value("seats", slugs, names) for slugs in (_minus(after, before), _minus(before, after)))
    if added:
        text = _("%(sentence)s (seats: %(seats)s)") % {"sentence": text, "seats": added}
    if freed:
        text = _("%(sentence)s (seats freed: %(seats)s)") % {"sentence": text, "seats": freed}
    return text


def _minus(some: list[str] | None, others: list[str] | None) -> list[str]:
    return [slug for slug in some or [] if slug not in (others or [])]


def _subscription(told: Mapping[str, str], field: str, before: Any, after: Any, names: Names) -> str:
    told = {**told, "before": _value(field, before, names), "after": _value(field, after, names)}
    if field == "plan":
        return _("%(who)s changed the plan from %(before)s to %(after)s") % told
    if field == "renews_on":
        return _("%(who)s set the renewal date to %(after)s") % told
    told["product"] = names.get(field, field)
    if before:
        return _("%(who)s changed the %(product)s seats from %(before)s to %(after)s") % told
    return (
        ngettext("%(who)s added %(after)s %(product)s seat", "%(who)s added %(after)s %(product)s seats", after) % told
    )


def _who(event: AuditEvent) -> str:
    label, kind = actor(event)
    if event.actor_type == "key":
        return f"{kind} “{label}”"
    # An erased person has an empty label.
    return f"{label} ({kind})" if kind else label or _("Someone")


def actor(event: AuditEvent) -> tuple[str, str]:
    """Return who did it and, unless that is a member, what kind of actor it was."""
    if event.actor_type == "system":
        return _("System"), ""
    kinds = {"staff": _("Support"), "key": _("API key")}
    return event.actor_label, kinds.get(event.actor_type, "")


def changes(event: AuditEvent, names: Names) -> list[Change]:
    """Return what changed, without fields that read the same before and after."""
    told = [
        Change(
            str(FIELDS.get(field, names.get(field, field))),
            _value(field, before, names),
            _("none") if _is_empty(after) else _value(field, after, names),
        )
        for field, (before, after) in event.changes.items()
        if not (_is_empty(before) and _is_empty(after))
    ]
    return [change for change in told if change.before != change.after]


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _value(field: str, value: Any, names: Names) -> str:
    """Return a value in words; an empty one is an empty string."""
    if _is_empty(value):
        return ""
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, list):
        return ", ".join(_value(field, one, names) for one in value)
    if field == "plan":
        return str(value).capitalize()
    if field == "renews_on" or field.endswith("_at"):
        return _time(field, str(value))
    return str(_VALUES.get(field, names).get(str(value), value))


def _time(field: str, text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    if field == "renews_on":
        return date_format(at.date())
    return _("%(time)s UTC") % {"time": date_format(at, "DATETIME_FORMAT")}
