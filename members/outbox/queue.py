"""The outbox: a message is a row first, written with what causes it, and a worker sends it (relay.py).

A row is claimed with a lease, read again, rendered, sent and marked; only the holder of the lease writes the result.
Workspaces take turns: each claim begins with the workspace after the one that the last claim ended with.
"""

import time
import uuid
from collections.abc import Mapping
from datetime import timedelta
from email.utils import make_msgid
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import structlog
from celery import current_app
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from members.ids import new_id
from members.outbox import failures
from members.outbox.pause import ProviderPause
from members.outbox.provider import repeats_safely

BATCH = 50
MAX_UNKNOWN = 5
"""Attempts after which a message that may have left each time is left to support."""
NUDGE_EXPIRES = 6.0
"""Seconds until a nudge is dropped; by then the relay on Celery beat has run twice."""
ON_HOLD = "held"
"""The error code of mail that only support may release."""
_QUIET = 5.0
"""Seconds until an unreachable broker is tried again, so that it costs a process one wait, not one per request."""
_BEGIN = """
UPDATE {table} SET state = 'sending', attempts = attempts + 1,
    leased_until = statement_timestamp() + %s, next_attempt_at = statement_timestamp() + %s
WHERE id = %s AND lease = %s RETURNING {columns}
"""
"""Fence and read in one statement: it runs for every message."""
_NEXT_WORKSPACES = """
WITH RECURSIVE turn (workspace_id, place) AS (
    (
        SELECT due.workspace_id, 1 FROM ({due}) due
        WHERE due.workspace_id > %s ORDER BY due.workspace_id, due.next_attempt_at LIMIT 1
    )
    UNION ALL
    SELECT following.workspace_id, place + 1 FROM turn CROSS JOIN LATERAL (
        SELECT due.workspace_id FROM ({due}) due
        WHERE due.workspace_id > turn.workspace_id ORDER BY due.workspace_id, due.next_attempt_at LIMIT 1
    ) following WHERE place < %s
)
SELECT workspace_id FROM turn
"""
"""Find workspaces that have rows due. It reads one index entry for each, however long the backlogs; the full order is
that of the one index that has only open rows, so that no other is chosen."""
_LOCK_OF_EACH = """
SELECT attempts, row_number() OVER (PARTITION BY workspace_id ORDER BY next_attempt_at), workspace_id, id
FROM unnest(%s::uuid[]) turn CROSS JOIN LATERAL (
    SELECT due.* FROM ({due}) due WHERE due.workspace_id = turn
    ORDER BY due.next_attempt_at LIMIT %s FOR UPDATE SKIP LOCKED
) picked
"""
logger = structlog.get_logger(__name__)


def new_message_id() -> str:
    """Return a Message-ID of the console's own domain; every attempt at one row carries the same."""
    return make_msgid(domain=urlsplit(settings.BASE_URL).hostname or "localhost")


def lease() -> timedelta:
    """Return how long a claim holds: twice the provider timeout, so a live lease may still be sending."""
    return timedelta(seconds=settings.OUTBOX_LEASE_SECONDS)


class State(models.TextChoices):
    """The state of one email."""

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    UNKNOWN = "unknown", _("Unknown")


OPEN = (State.QUEUED, State.SENDING, State.UNKNOWN)
"""States in which a row may still be claimed."""


def indexes(prefix: str, *, fair: bool = False) -> list[models.Index]:
    """Return the indexes of an outbox: what is due (``fair``: of each workspace), what failed, the provider's ids."""
    is_open = models.Q(state__in=OPEN)
    return [
        models.Index(fields=["workspace", "next_attempt_at"], name=f"{prefix}_turns", condition=is_open)
        if fair
        else models.Index(fields=["next_attempt_at"], name=f"{prefix}_open", condition=is_open),
        models.Index(fields=["next_attempt_at"], name=f"{prefix}_failed", condition=models.Q(state=State.FAILED)),
        models.Index(
            fields=["provider_message_id"], name=f"{prefix}_by_provider", condition=~models.Q(provider_message_id="")
        ),
    ]


class MailCount(models.Model):
    """How many messages ended how, for the metrics: one row per outbox and result, which outlives what it counted."""

    outbox = models.CharField(max_length=20)
    result = models.CharField(max_length=12)
    count = models.BigIntegerField(default=0)

    class Meta:
        app_label = "members"
        constraints: ClassVar = [models.UniqueConstraint(fields=["outbox", "result"], name="mail_count_once")]

    def __str__(self) -> str:
        return f"{self.outbox} {self.result}"


_COUNT = """
INSERT INTO members_mailcount (outbox, result, count) VALUES (%s, %s, %s)
ON CONFLICT (outbox, result) DO UPDATE SET count = members_mailcount.count + excluded.count
"""


def count_results(outbox: str, results: Mapping[str, int]) -> None:
    """Add what one drain did; always in the same order, so that two drains can't deadlock."""
    rows = [(outbox, result, count) for result, count in sorted(results.items()) if count]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_COUNT, rows)


class OutgoingQuerySet[M: "Outgoing"](models.QuerySet[M]):
    """Claiming, across all workspaces. While a row is claimed, its next attempt is due when the lease ends."""

    def due(self) -> Self:
        """Return what may be claimed now: queued, or possibly sent where sending it again is wanted or harmless."""
        wanted = models.Q(state=State.QUEUED)
        if settings.UNKNOWN_DELIVERY_POLICY == "resend" or repeats_safely():
            again = models.Q(state__in=[State.SENDING, State.UNKNOWN], attempts__lt=MAX_UNKNOWN)
            wanted |= again & ~models.Q(error_code=ON_HOLD)
        # OPEN repeats the condition of the index.
        return self.filter(wanted, state__in=OPEN, next_attempt_at__lte=Now())

    def mark_abandoned(self) -> None:
        """Mark as unknown what a worker began and never finished, where it is not to be sent again."""
        left = self.filter(state=State.SENDING, next_attempt_at__lte=Now())
        left.exclude(id__in=self.due().values("id")).update(
            state=State.UNKNOWN,
            lease=None,
            leased_until=None,
            error=failures.untranslated(failures.DIED),
            error_code="died",
        )

    def claim(self, limit: int = BATCH) -> tuple[uuid.UUID, list[uuid.UUID]]:
        """Lease up to ``limit`` rows and return the lease and their ids in the order in which to send them.

        Rows with the fewest attempts come first, so that one that kills its worker holds up nobody; then workspaces
        alternate. Rows that another worker is claiming are passed over, and so is everything during a pause.
        """
        name = uuid.uuid4()
        with transaction.atomic(durable=True):
            if self.model.fair:
                rows = self._lock_in_turn(limit)
            else:
                locked = self._claimable().select_for_update(skip_locked=True).order_by("next_attempt_at")
                rows = list(locked.values_list("attempts", "next_attempt_at", "id")[:limit])
            self.filter(id__in=[row[-1] for row in rows]).renew(lease=name)
        return name, [row[-1] for row in sorted(rows)]

    def _claimable(self) -> Self:
        return self.due().exclude(models.Exists(ProviderPause.objects.in_force()))

    def _lock_in_turn(self, limit: int) -> list[tuple[Any, ...]]:
        """Lock due rows of the workspaces that follow the one served last, or of the first ones after the last."""
        after = _last_served.pop(self.model, _BEFORE_ALL)
        rows = self._lock_after(after, limit)
        if not rows and after != _BEFORE_ALL:
            rows = self._lock_after(_BEFORE_ALL, limit)
        if rows:
            _last_served[self.model] = max(workspace_id for *_, workspace_id, _id in rows)
        return rows

    def _lock_after(self, workspace_id: uuid.UUID, limit: int) -> list[tuple[Any, ...]]:
        columns = ("workspace_id", "next_attempt_at", "attempts", "id")
        due, given = self._claimable().order_by().values_list(*columns).query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(_NEXT_WORKSPACES.format(due=due), [*given, workspace_id, *given, limit])
            workspaces = [found for (found,) in cursor.fetchall()]
            # The last ones of a round get one row each: a whole claim for the very last would be more than its share.
            share = limit // max(1, len(workspaces)) if workspace_id == _BEFORE_ALL else 1
            cursor.execute(_LOCK_OF_EACH.format(due=due), [workspaces, *given, share])
            return list(cursor.fetchall())

    def leased(self, name: uuid.UUID, *ids: uuid.UUID) -> Self:
        """Return these rows as far as this lease still holds them: what is written through it is fenced."""
        return self.filter(id__in=ids, lease=name)

    def begin(self, name: uuid.UUID, pk: uuid.UUID) -> M | None:
        """Mark the row as being sent and return it as it is now, or None if the lease was lost."""
        meta = self.model._meta  # noqa: SLF001 -- public by its documentation
        # Named one by one: a column that a migration adds meanwhile must not stop the workers.
        columns = ", ".join(str(field.column) for field in meta.concrete_fields)
        begin = _BEGIN.format(table=meta.db_table, columns=columns)
        return next(iter(self.raw(begin, [lease(), lease(), pk, name])), None)

    def renew(self, **values: Any) -> int:
        """Lease these rows for as long again, write the values and return the number of rows."""
        ends = Now() + lease()
        return self.update(leased_until=ends, next_attempt_at=ends, **values)

    def release(self) -> int:
        """Queue what failed or may not have left, as if it had never been tried; return the number of rows."""
        again = self.filter(state__in=[State.FAILED, State.UNKNOWN])
        return again.update(state=State.QUEUED, attempts=0, error="", error_code="", lease=None, next_attempt_at=Now())

    def hold(self) -> int:
        """Keep these rows from being sent until support releases them; return the number of rows."""
        error = failures.untranslated(failures.HELD_BACK)
        return self.update(state=State.UNKNOWN, lease=None, leased_until=None, error=error, error_code=ON_HOLD)


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
    """The provider's id of the message, as its webhooks repeat it; empty where there is none, as with SMTP."""
    error = models.CharField(max_length=200, blank=True)
    """What went wrong last, in English; ``trouble`` is the translation."""
    error_code = models.CharField(max_length=40, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    fair: ClassVar[bool] = False
    """Whether rows belong to workspaces, which then take turns."""

    class Meta:
        abstract = True

    @property
    def trouble(self) -> str:
        """What went wrong last, in the reader's language; "" if nothing did."""
        return gettext(self.error) if self.error else ""


_BEFORE_ALL = uuid.UUID(int=0)
_last_served: dict[type[models.Model], uuid.UUID] = {}
"""Per outbox, the workspace with which this process's last claim ended."""


class _Broker:
    """Remembers that the broker was unreachable."""

    quiet_until = 0.0


def nudge(task: str) -> None:
    """Queue the task of this name unless one is waiting already; for ``on_commit``, so what it looks for is there.

    If the broker is unreachable, the next round of Celery beat finds the rows.
    """
    if time.monotonic() < _Broker.quiet_until:
        return
    try:
        queue = current_app.amqp.router.route({}, task)["queue"]
        with current_app.producer_or_acquire() as producer:
            if not producer.channel.queue_declare(queue.name).message_count:
                current_app.send_task(task, expires=NUDGE_EXPIRES, queue=queue, producer=producer)
    except (OperationalError, OSError) as error:
        _Broker.quiet_until = time.monotonic() + _QUIET
        logger.warning("broker_away", task=task, error=type(error).__name__)
