"""The outbox: mail is a row first, written with what causes it, and leaves by a worker: relay.py.

A row is claimed with a lease, read again, rendered, sent and marked; only the holder of the lease writes the result.
"""

import time
import uuid
from datetime import timedelta
from email.utils import make_msgid
from typing import Any, Self
from urllib.parse import urlsplit

import structlog
from celery import Task
from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from members.ids import new_id
from members.outbox import failures
from members.outbox.mail_counts import MailCount as MailCount
from members.outbox.pause import ProviderPause
from members.outbox.provider import repeats_safely

BATCH = 50
MAX_UNKNOWN = 5
"""Attempts after which a message that may have left each time is left to support."""
_QUIET = 5.0
"""Seconds for which a broker that is away is not rung again, so that it costs a process one wait, not one a request."""
HELD = "held"
"""The error code of what only support may release."""
_BEGIN = """
UPDATE {table} SET state = 'sending', attempts = attempts + 1,
    leased_until = statement_timestamp() + %s, next_attempt_at = statement_timestamp() + %s
WHERE id = %s AND lease = %s RETURNING {columns}
"""
"""Fence and reading in one statement: the worker makes it for each mail."""
logger = structlog.get_logger(__name__)


def new_message_id() -> str:
    """Answer a Message-ID of the console's own domain; every attempt of one row carries the same."""
    return make_msgid(domain=urlsplit(settings.BASE_URL).hostname or "localhost")


def lease() -> timedelta:
    """Answer how long a claim holds: twice what a provider may take, so that in force it means: someone is sending."""
    return timedelta(seconds=settings.OUTBOX_LEASE_SECONDS)


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
    """Claiming, across all workspaces. While a row is claimed, its next attempt is due when the lease ends."""

    def due(self) -> Self:
        """Answer what may be claimed now: queued, or of unknown fate where a repetition is wanted or harmless."""
        wanted = models.Q(state=State.QUEUED)
        if settings.UNKNOWN_DELIVERY_POLICY == "resend" or repeats_safely():
            again = models.Q(state__in=[State.SENDING, State.UNKNOWN], attempts__lt=MAX_UNKNOWN)
            wanted |= again & ~models.Q(error_code=HELD)
        return self.filter(wanted, next_attempt_at__lte=Now())

    def settle(self) -> None:
        """Mark as unknown what a worker began and never ended, where it is not to be sent again."""
        left = self.filter(state=State.SENDING, next_attempt_at__lte=Now())
        left.exclude(id__in=self.due().values("id")).update(
            state=State.UNKNOWN,
            lease=None,
            leased_until=None,
            error=failures.english(failures.DIED),
            error_code="died",
        )

    def claim(self, limit: int = BATCH) -> tuple[uuid.UUID, list[uuid.UUID]]:
        """Lease up to ``limit`` rows; answers the lease and their ids, those with the fewest attempts first.

        Rows that others are claiming are passed over. What kills its worker comes last, and so holds up nobody. During
        a pause of the provider there is nothing to claim.
        """
        name = uuid.uuid4()
        with transaction.atomic(durable=True):
            wanted = self.due().exclude(Exists(ProviderPause.objects.in_force()))
            locked = wanted.select_for_update(skip_locked=True).order_by("next_attempt_at")
            rows = list(locked.values_list("attempts", "next_attempt_at", "id")[:limit])
            self.filter(id__in=[pk for *_, pk in rows]).renew(lease=name)
        return name, [pk for *_, pk in sorted(rows)]

    def leased(self, name: uuid.UUID, *ids: uuid.UUID) -> Self:
        """Answer these rows as far as this lease still holds them: what is written through it is fenced."""
        return self.filter(id__in=ids, lease=name)

    def begin(self, name: uuid.UUID, pk: uuid.UUID) -> M | None:
        """Note that the row is being sent, and answer it as it stands now; None if the lease was lost."""
        meta = self.model._meta  # noqa: SLF001 -- public by its documentation
        # Named one by one: a column that a migration adds meanwhile must not stop the workers.
        columns = ", ".join(str(field.column) for field in meta.concrete_fields)
        begin = _BEGIN.format(table=meta.db_table, columns=columns)
        return next(iter(self.raw(begin, [lease(), lease(), pk, name])), None)

    def renew(self, **values: Any) -> int:
        """Lease these rows for as long again, and write the values; answers how many rows that were."""
        ends = Now() + lease()
        return self.update(leased_until=ends, next_attempt_at=ends, **values)

    def release(self) -> int:
        """Queue what failed or is unknown, as if it had never been tried; answers how many rows."""
        again = self.filter(state__in=[State.FAILED, State.UNKNOWN])
        return again.update(state=State.QUEUED, attempts=0, error="", error_code="", lease=None, next_attempt_at=Now())

    def hold(self) -> int:
        """Keep these rows from being sent until support releases them; answers how many rows that were."""
        words = failures.english(failures.HELD)
        return self.update(state=State.UNKNOWN, lease=None, leased_until=None, error=words, error_code=HELD)


class Outgoing(models.Model):
    """One email on its way."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    """When it may be claimed; while it is leased, when the lease ends; of a failed one, when it failed."""
    leased_until = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    message_id = models.CharField(max_length=255, default=new_message_id)
    provider_message_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    """What the provider calls the message, as its webhooks do; empty where there is none, as with SMTP."""
    error = models.CharField(max_length=200, blank=True)
    """What went wrong last, in English; ``trouble`` says it in the reader's language."""
    error_code = models.CharField(max_length=40, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def trouble(self) -> str:
        """Answer in the reader's language what went wrong last; "" if nothing did."""
        return gettext(self.error) if self.error else ""


class _Doorbell:
    """Remembers that the broker was away."""

    quiet_until = 0.0


def nudge(task: Task) -> None:
    """Ring the worker's doorbell, after the commit; with the broker away the relay finds the rows on its own."""
    if time.monotonic() < _Doorbell.quiet_until:
        return
    try:
        task.delay()
    except (OperationalError, OSError) as error:
        _Doorbell.quiet_until = time.monotonic() + _QUIET
        logger.warning("broker_away", task=task.name, error=type(error).__name__)
