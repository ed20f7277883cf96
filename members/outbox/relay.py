"""Sending what is due: one turn of one worker with one outbox."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import uniform
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import InterfaceError, OperationalError, connection
from django.db.models.functions import Now

from members.outbox import failures, pause
from members.outbox.failures import Failure, FailureKind
from members.outbox.provider import Dropped, ProviderConnection
from members.outbox.queue import BATCH, MAX_UNKNOWN, Outgoing, OutgoingQuerySet, State, count_results, lease

MAX_ATTEMPTS = 20
"""With pauses that double from 5 seconds to an hour, and half of which is waited on average: some six hours."""
LONGEST_PAUSE = 3600.0
TURN = 15.0
"""Seconds of one drain: less than a worker is given to stop."""
SLICE = 1.0
"""Seconds that one claim should last: how long a message of another workspace may wait for the next claim."""
FIRST_CLAIM = 4
"""Rows of a turn's first claim, before it is known how fast the provider is."""
_DATABASE_AWAY = (OperationalError, InterfaceError)
logger = structlog.get_logger(__name__)


def drain[M: Outgoing](rows: OutgoingQuerySet[M], render: Callable[[M], EmailMultiAlternatives | None]) -> int:
    """Send what is due, claim by claim over one connection, for some seconds; return the number of rows handled.

    ``render`` returns the message, or None if what it would say is no longer true.
    """
    rows.mark_abandoned()
    with ProviderConnection() as provider:
        turn = _Turn(rows, render, provider)
        try:
            while turn.next_claim():
                pass
        finally:
            count_results(rows.model._meta.model_name or "", turn.results)  # noqa: SLF001 -- public by its documentation
    return turn.handled


class _Turn[M: Outgoing]:
    """One worker's turn with one outbox, until nothing is due, time is up or the provider turns it away."""

    def __init__(
        self,
        rows: OutgoingQuerySet[M],
        render: Callable[[M], EmailMultiAlternatives | None],
        provider: ProviderConnection,
    ) -> None:
        self.rows, self.render, self.provider = rows, render, provider
        self.results: Counter[str] = Counter()
        self.handled = 0
        self.size = FIRST_CLAIM
        self.ends = time.monotonic() + TURN

    def next_claim(self) -> bool:
        """Handle what can be claimed now and return whether to go on."""
        name, ids = self.rows.claim(self.size)
        began = time.monotonic()
        for done, pk in enumerate(ids, 1):
            failure = self.send(name, pk)
            self.handled += 1
            if failure is not None and failure.affects_all:
                if failure.wait:
                    pause.begin(failure)
                self.give_back(name, ids[done:])
                return False
            now = time.monotonic()
            self.size = max(1, min(BATCH, int(SLICE * done / (now - began))))
            if now > min(self.ends, began + SLICE):
                self.give_back(name, ids[done:])
                return now <= self.ends
        return bool(ids)

    def give_back(self, name: uuid.UUID, ids: Sequence[uuid.UUID]) -> None:
        """Release what was claimed and not begun."""
        self.rows.leased(name, *ids).update(lease=None, leased_until=None, next_attempt_at=Now())

    def send(self, name: uuid.UUID, pk: uuid.UUID) -> Failure | None:
        """Send one row's message and return what went wrong, if anything."""
        began = time.monotonic()
        row = self.rows.begin(name, pk)
        if row is None:
            self.results["avoided"] += 1
            return None
        try:
            message = self.render(row)
        except _DATABASE_AWAY:
            raise
        except Exception as error:  # noqa: BLE001 -- one row that cannot be rendered must not hold up the others
            return self.postpone(row, failures.internal(error))
        if message is None:
            self.mark(row, State.CANCELLED)
            return None
        return self.hand_over(row, message, began)

    def hand_over(self, row: M, message: EmailMultiAlternatives, began: float) -> Failure | None:
        """Send the message while the lease surely holds and mark the row; return what went wrong, if anything."""
        try:
            self.provider.open()
            # If this worker was stopped or slow, another may have taken over: only a lease in force may send.
            late = time.monotonic() - began > settings.MAIL_PATIENCE
            if late and not self.mine(row).renew():
                self.results["avoided"] += 1
                return None
            provider_id = self.provider.send(message)
        except Dropped:
            return self.hand_over(row, message, began)
        except _DATABASE_AWAY:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever a provider raises, the row must be tried again, not lost
            return self.postpone(row, failures.classify(error))
        self.mark(row, State.SENT, sent_at=Now(), error="", error_code="", provider_message_id=provider_id)
        return None

    def postpone(self, row: M, failure: Failure) -> Failure:
        """Mark a row that was not sent, or may not have been."""
        values = {"error": failures.untranslated(failure.error), "error_code": failure.code[:40]}
        logger.warning("mail_not_sent", row=str(row.pk), attempts=row.attempts, kind=failure.kind.value, **values)
        if failure.kind is FailureKind.UNKNOWN:
            pause = lease() * 2 ** min(row.attempts - 1, MAX_UNKNOWN)
            self.mark(row, State.UNKNOWN, next_attempt_at=Now() + pause, **values)
        elif failure.kind is FailureKind.PERMANENT or row.attempts >= MAX_ATTEMPTS:
            self.mark(row, State.FAILED, next_attempt_at=Now(), **values)
        else:
            wait = failure.wait + uniform(0, min(5 * 2.0**row.attempts, LONGEST_PAUSE))  # noqa: S311 -- spreads load
            self.mark(row, State.QUEUED, next_attempt_at=Now() + timedelta(seconds=wait), **values)
        return failure

    def mine(self, row: M) -> OutgoingQuerySet[M]:
        """Return the row, if this worker still holds its lease."""
        return self.rows.filter(id=row.pk, lease=row.lease)

    def mark(self, row: M, state: State, **values: Any) -> None:
        """Write what became of the row if it is still ours; wait for a database that is restarting."""
        patience = time.monotonic() + settings.MAIL_PATIENCE
        while True:
            try:
                written = self.mine(row).update(state=state, lease=None, leased_until=None, **values)
            except _DATABASE_AWAY:
                if connection.in_atomic_block or time.monotonic() > patience:
                    raise
                connection.close()
                time.sleep(0.2)
            else:
                break
        result = "retried" if state is State.QUEUED else str(state)
        self.results[result if written else "overtaken"] += 1
