"""The timeline of one invitation: what was sent, what became of it, who opened the link, how it ended."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invitations.join.link_openings import by_scanner
from invitations.models import (
    Delivery,
    DeliveryEvent,
    EventType,
    Invitation,
    InvitationStatus,
    Kind,
    LinkOpening,
    Outcome,
    suppressed,
)
from members.access import Action, Actor, require
from members.errors import NotFound
from members.outbox.queue import State
from members.status import IS_EXPIRED

STATES = {
    State.QUEUED: gettext_lazy("Waiting to be sent"),
    State.SENDING: gettext_lazy("Waiting to be sent"),
    State.SENT: gettext_lazy("Email sent"),
    State.FAILED: gettext_lazy("Email could not be sent"),
    State.CANCELLED: gettext_lazy("Not sent: no longer needed"),
    State.UNKNOWN: gettext_lazy("Not known whether the email was sent"),
}
EVENTS = {
    EventType.DELAYED: gettext_lazy("Delayed by the receiving server"),
    EventType.FAILED: gettext_lazy("Email could not be sent"),
    EventType.DELIVERED: gettext_lazy("Delivered"),
    EventType.RETURNED: gettext_lazy("Bounced temporarily: a later email may arrive"),
    EventType.BOUNCED: gettext_lazy("Bounced: the address can't receive email"),
    EventType.COMPLAINED: gettext_lazy("Marked as spam"),
}
TONES = {
    "delivered": "ok", "accepted": "ok", "delayed": "warn", "returned": "warn", "unknown": "warn", "expired": "warn",
    "failed": "bad", "bounced": "bad", "complained": "bad", "declined": "bad", "revoked": "bad",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One event; ``detail`` is in the words of the provider or the outbox."""

    at: datetime
    kind: str
    text: str
    detail: str = ""

    @property
    def tone(self) -> str:
        """The CSS class of its colour."""
        return TONES.get(self.kind, "")


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """An invitation with its entries, oldest first, and what can be done about its emails."""

    invitation: Invitation
    entries: list[Entry] = field(default_factory=list)
    suppressed: bool = False
    failed: uuid.UUID | None = None
    bounced: bool = False

    @property
    def pending(self) -> bool:
        """Whether the offer is pending, expired or not."""
        return self.invitation.status == InvitationStatus.PENDING


def timeline_of(actor: Actor, invitation_id: uuid.UUID) -> Timeline:
    """Return the timeline of one invitation, in four statements."""
    require(actor, Action.VIEW_DELIVERIES)
    workspace = actor.workspace
    found = workspace.invitations.annotate(is_expired=IS_EXPIRED, is_suppressed=suppressed("email"))
    invitation = found.filter(id=invitation_id).first()
    if invitation is None:
        raise NotFound
    mails = list(workspace.deliveries.filter(invitation=invitation).order_by("created_at", "id"))
    events = workspace.delivery_events.filter(delivery__in=[mail.id for mail in mails]).order_by("at", "id")
    opened = workspace.link_openings.filter(invitation=invitation).order_by("number")
    # Sorted by time; entries of the same time stay in this order.
    entries = [*_offer(invitation, mails), *_mails(mails, list(events)), *_openings(opened, mails), *_end(invitation)]
    own = [mail for mail in mails if mail.kind == Kind.INVITATION]
    latest = own[-1] if own else None
    return Timeline(
        invitation=invitation,
        entries=sorted(entries, key=lambda entry: entry.at),
        suppressed=invitation.is_suppressed,
        failed=latest.id if latest and latest.state == State.FAILED else None,
        bounced=latest is not None and latest.outcome in {Outcome.BOUNCED, Outcome.COMPLAINED},
    )


def _offer(invitation: Invitation, mails: Iterable[Delivery]) -> Iterator[Entry]:
    yield Entry(invitation.created_at, "invited", _("Invited"))
    for mail in mails:
        if mail.kind == Kind.INVITATION and mail.generation > 1:
            yield Entry(mail.created_at, "resent", _("Resent with a new link; the old link no longer works"))
    asked = {mail.generation: mail.created_at for mail in mails if mail.kind == Kind.ASKED}
    for at in asked.values():
        yield Entry(at, "asked", _("Asked for a new link"))


def _mails(mails: Iterable[Delivery], events: Iterable[DeliveryEvent]) -> Iterator[Entry]:
    by_mail: dict[uuid.UUID, list[DeliveryEvent]] = {}
    for event in events:
        by_mail.setdefault(event.delivery_id, []).append(event)
    for mail in mails:
        if mail.kind in {Kind.INVITATION, Kind.REMINDER}:
            for entry in _mail(mail, by_mail.get(mail.id, [])):
                yield entry if mail.kind == Kind.INVITATION else _of_reminder(entry)


def _of_reminder(entry: Entry) -> Entry:
    text = _("Reminder: %(what)s") % {"what": entry.text}
    return Entry(entry.at, entry.kind, text, entry.detail)


def _mail(mail: Delivery, events: list[DeliveryEvent]) -> Iterator[Entry]:
    """Return the state of an email, and what its provider reported."""
    kinds = {event.type for event in events}
    if mail.state != State.FAILED or EventType.FAILED not in kinds:
        at = mail.sent_at or (mail.next_attempt_at if mail.state == State.FAILED else mail.created_at)
        yield Entry(at, str(mail.state), str(STATES[State(mail.state)]), mail.trouble)
    for event in events:
        if event.type != EventType.SENT:
            yield Entry(event.at, str(event.type), str(EVENTS[EventType(event.type)]), event.detail)
    if mail.outcome and mail.outcome_at and not events:
        yield Entry(mail.outcome_at, mail.outcome, str(EVENTS[EventType(mail.outcome)]))
    if mail.released_at:
        yield Entry(mail.released_at, "released", _("An Admin chose to email this address again"))


def _openings(opened: Iterable[LinkOpening], mails: Iterable[Delivery]) -> Iterator[Entry]:
    sent: dict[Any, datetime] = {}
    for mail in mails:
        if mail.kind == Kind.INVITATION and mail.sent_at:
            sent[mail.generation] = mail.sent_at
    for opening in opened:
        if by_scanner(opening, sent.get(opening.generation)):
            yield Entry(opening.at, "scanned", _("Link opened, probably by a mail scanner"), opening.agent)
        else:
            yield Entry(opening.at, "opened", _("Link opened"))


def _end(invitation: Invitation) -> Iterator[Entry]:
    if invitation.accepted_at:
        yield Entry(invitation.accepted_at, "accepted", _("Joined"))
    if invitation.declined_at:
        yield Entry(invitation.declined_at, "declined", _("Declined"))
    if invitation.revoked_at:
        yield Entry(invitation.revoked_at, "revoked", _("Revoked"))
    if invitation.display_status == "expired":
        yield Entry(invitation.expires_at, "expired", _("Expired"))
