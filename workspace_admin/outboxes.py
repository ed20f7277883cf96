"""All three outboxes together: what is stuck in them and why, and what support does about it."""

import heapq
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext

from billing_seats.models import Notice
from invitations.delivery.reminders import remind
from invitations.models import Delivery, InvitationStatus, Kind
from members.models import AccountMail
from members.outbox.pause import ProviderPause
from members.outbox.queue import OPEN, OutgoingQuerySet, State

OVERDUE = timedelta(minutes=1)
"""Twenty times the pause between two rounds of the relay."""


@dataclass(frozen=True)
class Stuck:
    """One email that does not leave by itself, or has had trouble leaving."""

    outbox: str
    id: uuid.UUID
    kind: str
    recipient: str
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    why: str
    code: str


def outboxes() -> dict[str, OutgoingQuerySet[Delivery] | OutgoingQuerySet[Notice] | OutgoingQuerySet[AccountMail]]:
    """Return the outboxes by the names that operators know them by."""
    return {
        "invitations": Delivery.objects.all(),
        "seats": Notice.objects.all(),
        "accounts": AccountMail.objects.all(),
    }


def paused() -> ProviderPause | None:
    """Return the pause that the mail provider asked for, while it lasts."""
    return ProviderPause.objects.in_force().first()


def stuck() -> Iterator[Stuck]:
    """Yield what failed, is unknown, is being retried, or should have been taken by now; oldest of all outboxes first.

    During a pause of the provider that is everything that waits: none of it leaves before the pause is over. Emails of
    invitations that have ended are left out: nobody is to act on them.
    """
    pause = paused()
    late = Q(state__in=[State.QUEUED, State.SENDING], next_attempt_at__lt=Now() - OVERDUE)
    retried = Q(state=State.QUEUED, attempts__gt=0)
    kept_back = Q(state=State.QUEUED) if pause else Q()
    wanted = late | retried | kept_back | Q(state__in=[State.UNKNOWN, State.FAILED])
    found = [_named(name, rows.filter(wanted).order_by("created_at")) for name, rows in outboxes().items()]
    for name, row in heapq.merge(*found, key=lambda one: one[1].created_at):
        yield _stuck(name, row, pause if row.state in {State.QUEUED, State.SENDING} else None)


def _named(name: str, rows: OutgoingQuerySet[Any]) -> Iterator[tuple[str, Any]]:
    if name == "invitations":
        ended = Q(state=State.FAILED) & ~Q(invitation__status=InvitationStatus.PENDING)
        rows = rows.exclude(ended & Q(kind__in=[Kind.INVITATION, Kind.REMINDER]))
    return ((name, row) for row in rows.iterator())


def _stuck(outbox: str, row: Any, pause: ProviderPause | None) -> Stuck:
    pending = pause.trouble if pause else gettext("No worker has taken it: do worker and beat run?")
    return Stuck(
        outbox=outbox,
        id=row.pk,
        kind=row.kind,
        recipient=row.email if isinstance(row, AccountMail) else row.recipient,
        state=row.state,
        attempts=row.attempts,
        created_at=row.created_at,
        next_attempt_at=max(row.next_attempt_at, pause.until) if pause else row.next_attempt_at,
        why=row.trouble or pending,
        code=row.error_code or (pause.error_code if pause else ""),
    )


def release(ids: Collection[uuid.UUID]) -> int:
    """Queue what failed or is unknown as if it had never been tried; return the number of emails."""
    return sum(rows.filter(id__in=ids).release() for rows in outboxes().values())


def hold(before: datetime) -> int:
    """Hold back what was written before that moment and may not have left; return the number of emails.

    Reminders that are due are written first and held too: those sent after the backup was made would be due again.
    """
    remind()
    old = Q(created_at__lt=before)
    held = Delivery.objects.filter(old | Q(kind=Kind.REMINDER), state__in=OPEN).hold()
    return held + sum(rows.filter(old, state__in=OPEN).hold() for rows in (Notice.objects, AccountMail.objects))
