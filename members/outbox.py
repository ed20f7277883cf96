"""The outbox: mail is a row first, written with what causes it, and leaves by a worker.

A row is claimed with a lease, read again, rendered, sent and marked; only the holder of the lease writes the result.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from email.utils import make_msgid
from typing import Self
from urllib.parse import urlsplit

import structlog
from celery import Task
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from members.ids import new_id
from members.mail_counts import MailCount as MailCount

LEASE = timedelta(seconds=20)
"""Longer than the 10 seconds a provider may take, so that a lease in force means that someone is sending."""
BATCH = 50
MAX_ATTEMPTS = 8
"""With the doubling pauses from 5 seconds on: about 11 minutes, then an hour's pause at most, before giving up."""
logger = structlog.get_logger(__name__)


def new_message_id() -> str:
    """Answer a Message-ID of the console's own domain; every attempt of one row carries the same."""
    return make_msgid(domain=urlsplit(settings.BASE_URL).hostname or "localhost")


class State(models.TextChoices):
    """Where one email is on its way."""

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    UNKNOWN = "unknown", _("Unknown")


OPEN = (State.QUEUED, State.SENDING, State.UNKNOWN)
"""What may still be claimed."""


def indexes(prefix: str) -> list[models.Index]:
    """Answer what every outbox is searched by, for its Meta: what is due, what failed, what a webhook speaks of."""
    return [
        models.Index(fields=["next_attempt_at"], name=f"{prefix}_open", condition=models.Q(state__in=OPEN)),
        models.Index(fields=["next_attempt_at"], name=f"{prefix}_failed", condition=models.Q(state=State.FAILED)),
        models.Index(
            fields=["provider_message_id"], name=f"{prefix}_by_provider", condition=~models.Q(provider_message_id="")
        ),
    ]


class OutgoingQuerySet[M: "Outgoing"](models.QuerySet[M]):
    """Claiming, across all workspaces."""

    def due(self) -> Self:
        """Answer what may be claimed now: queued and due, or left behind by a worker whose lease ran out.

        Whether the latter left is unknown; under the policy ``hold`` it waits for support to look.
        """
        queued = models.Q(state=State.QUEUED, next_attempt_at__lte=Now())
        if settings.UNKNOWN_DELIVERY_POLICY == "hold":
            return self.filter(queued)
        return self.filter(queued | models.Q(state=State.SENDING, leased_until__lt=Now()))

    def hold_unknown(self) -> None:
        """Mark as unknown what a dead worker left behind, where the policy is not to send it again."""
        if settings.UNKNOWN_DELIVERY_POLICY == "hold":
            self.filter(state=State.SENDING, leased_until__lt=Now()).update(state=State.UNKNOWN, lease=None)

    def claim(self, limit: int = BATCH) -> list[M]:
        """Answer up to ``limit`` rows, now leased to the caller; rows that others are claiming are passed over."""
        lease = uuid.uuid4()
        with transaction.atomic():
            ids = list(
                self.due().select_for_update(skip_locked=True).order_by("next_attempt_at").values_list("id")[:limit]
            )
            self.filter(id__in=[pk for (pk,) in ids]).update(
                state=State.SENDING, lease=lease, leased_until=Now() + LEASE, attempts=models.F("attempts") + 1
            )
        return list(self.filter(lease=lease, state=State.SENDING))


class Outgoing(models.Model):
    """One email on its way."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    message_id = models.CharField(max_length=255, default=new_message_id)
    provider_message_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    """What the provider calls the message, as its webhooks do; empty where there is none, as with SMTP."""
    error = models.CharField(max_length=200, blank=True)
    """What went wrong last, in words; ``error_code`` says it for machines."""
    error_code = models.CharField(max_length=40, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


def nudge(task: Task) -> None:
    """Ring the worker's doorbell, after the commit; with the broker away the relay finds the rows on its own."""
    try:
        task.delay()
    except OperationalError as error:
        logger.warning("broker_away", task=task.name, error=str(error))


def drain[M: Outgoing](rows: OutgoingQuerySet[M], render: Callable[[M], EmailMultiAlternatives | None]) -> int:
    """Send everything that is due, batch by batch, and answer how many rows were handled.

    ``render`` answers the message, or None where what it would say is no longer true.
    """
    handled = 0
    rows.hold_unknown()
    while batch := rows.claim():
        for row in batch:
            _send(rows, row, render)
        handled += len(batch)
    return handled


def _send[M: Outgoing](rows: OutgoingQuerySet[M], row: M, render: Callable[[M], EmailMultiAlternatives | None]) -> None:
    # A batch may take longer than one lease: each row's is renewed just before it is used, if nobody took it over.
    held = rows.filter(id=row.id, lease=row.lease, state=State.SENDING)
    if not held.update(leased_until=Now() + LEASE):
        return
    try:
        message = render(row)
        if message is not None:
            message.send()
    except Exception as error:  # noqa: BLE001 -- whatever a provider raises, the row must be tried again, not lost
        _postpone(held, row, error)
        return
    if message is None:
        held.update(state=State.CANCELLED, lease=None)
    else:
        held.update(state=State.SENT, sent_at=Now(), lease=None, error="")


def _postpone[M: Outgoing](held: OutgoingQuerySet[M], row: M, error: Exception) -> None:
    logger.warning("mail_not_sent", row=str(row.id), attempts=row.attempts, error=type(error).__name__)
    state = State.FAILED if row.attempts >= MAX_ATTEMPTS else State.QUEUED
    pause = timedelta(seconds=min(5 * 2**row.attempts, 3600))
    held.update(state=state, next_attempt_at=Now() + pause, lease=None, error=type(error).__name__[:200])
