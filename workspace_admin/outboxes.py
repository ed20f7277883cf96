"""All three outboxes together: what is stuck in them and why, and what support does about it."""

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext

from billing_seats.models import Notice
from invitations.delivery.reminders import remind
from invitations.models import Delivery, Kind
from members.models import AccountMail
from members.outbox.pause import ProviderPause
from members.outbox.queue import OPEN, OutgoingQuerySet, State

OVERDUE = timedelta(minutes=1)
"""Twenty times as long as the relay takes to come round."""


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
    """Answer the outboxes by the name that operators know them by."""
    return {
        "invitations": Delivery.objects.all(),
        "seats": Notice.objects.all(),
        "accounts": AccountMail.objects.all(),
    }


def paused() -> ProviderPause | None:
    """Return the pause that the mail provider asked for, while it lasts."""
    return ProviderPause.objects.in_force().first()


def stuck() -> Iterator[Stuck]:
    """Yield what failed, is unknown, is being retried, or should have been taken by now; oldest first.

    During a pause of the provider that is everything that waits: none of it leaves before the pause is over.
    """
    pause = paused()
    late = Q(state__in=[State.QUEUED, State.SENDING], next_attempt_at__lt=Now() - OVERDUE)
    retried = Q(state=State.QUEUED, attempts__gt=0)
    kept_back = Q(state=State.QUEUED) if pause else Q()
    for name, rows in outboxes().items():
        found = rows.filter(late | retried | kept_back | Q(state__in=[State.UNKNOWN, State.FAILED]))
        for row in found.order_by("created_at").iterator():
            keeper = pause if row.state in {State.QUEUED, State.SENDING} else None
            why = row.trouble or (
                keeper.trouble if keeper else gettext("No worker has taken it: do worker and beat run?")
            )
            code = row.error_code or (keeper.error_code if keeper else "")
            due = max(row.next_attempt_at, keeper.until) if keeper else row.next_attempt_at
            to = row.email if isinstance(row, AccountMail) else row.recipient
            yield Stuck(name, row.pk, row.kind, to, row.state, row.attempts, row.created_at, due, why, code)


def release(ids: Collection[uuid.UUID]) -> int:
    """Queue what failed or is unknown as if it had never been tried; answers how many emails."""
    return sum(rows.filter(id__in=ids).release() for rows in outboxes().values())


def hold(before: datetime) -> int:
    """Hold back what was written before that moment and has not surely left; answers how many emails.

    Reminders that are due are written first and held too: those sent after the backup was made would be due again.
    """
    remind()
    old = Q(created_at__lt=before)
    held = Delivery.objects.filter(old | Q(kind=Kind.REMINDER), state__in=OPEN).hold()
    return held + sum(rows.filter(old, state__in=OPEN).hold() for rows in (Notice.objects, AccountMail.objects))
