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

from members.outbox import failures, mail_counts, pause
from members.outbox.failures import Fate, Judgement
from members.outbox.provider import Carrier, Dropped
from members.outbox.queue import MAX_UNKNOWN, Outgoing, OutgoingQuerySet, State, lease

MAX_ATTEMPTS = 20
"""With pauses that double from 5 seconds to an hour, and of which half is waited on average: some six hours."""
LONGEST_PAUSE = 3600.0
TURN = 15.0
"""Seconds of one drain: less than a worker is given to stop."""
_DATABASE_AWAY = (OperationalError, InterfaceError)
logger = structlog.get_logger(__name__)


def drain[M: Outgoing](rows: OutgoingQuerySet[M], render: Callable[[M], EmailMultiAlternatives | None]) -> int:
    """Send what is due, batch by batch, over one connection, for some seconds; answers how many rows were handled.

    ``render`` answers the message, or None where what it would say is no longer true.
    """
    rows.settle()
    with Carrier() as carrier:
        turn = _Turn(rows, render, carrier)
        try:
            while turn.next_batch():
                pass
        finally:
            mail_counts.add(rows.model._meta.model_name or "", turn.counted)  # noqa: SLF001 -- public by its documentation
    return turn.handled


class _Turn[M: Outgoing]:
    """What one worker does with one outbox until nothing is due, its time is over or the provider turns it away."""

    def __init__(
        self,
        rows: OutgoingQuerySet[M],
        render: Callable[[M], EmailMultiAlternatives | None],
        carrier: Carrier,
    ) -> None:
        self.rows, self.render, self.carrier = rows, render, carrier
        self.counted: Counter[str] = Counter()
        self.handled = 0
        self.ends = time.monotonic() + TURN

    def next_batch(self) -> bool:
        """Handle what can be claimed now; answers whether to go on."""
        name, ids = self.rows.claim()
        for done, pk in enumerate(ids):
            judged = self.send(name, pk)
            self.handled += 1
            turned_away = judged is not None and judged.everyone
            if judged and turned_away and judged.wait:
                pause.begin(judged)
            if turned_away or time.monotonic() > self.ends:
                self.give_back(name, ids[done + 1 :])
                return False
        return bool(ids)

    def give_back(self, name: uuid.UUID, ids: Sequence[uuid.UUID]) -> None:
        """Leave to the next turn what this one claimed and has not begun."""
        self.rows.leased(name, *ids).update(lease=None, leased_until=None, next_attempt_at=Now())

    def send(self, name: uuid.UUID, pk: uuid.UUID) -> Judgement | None:
        """Handle one row; answers what went wrong."""
        began = time.monotonic()
        row = self.rows.begin(name, pk)
        if row is None:
            self.counted["avoided"] += 1
            return None
        try:
            message = self.render(row)
        except _DATABASE_AWAY:
            raise
        except Exception as error:  # noqa: BLE001 -- one row that cannot be rendered must not hold up the others
            return self.postpone(row, failures.broken(error))
        if message is None:
            self.mark(row, State.CANCELLED)
            return None
        return self.hand_over(row, message, began)

    def hand_over(self, row: M, message: EmailMultiAlternatives, began: float) -> Judgement | None:
        """Send the message while the lease surely holds, and mark the row; answers what went wrong."""
        try:
            self.carrier.open()
            # Stopped or slow, this worker may have been given up by the others: only a lease in force may send.
            late = time.monotonic() - began > settings.MAIL_PATIENCE
            if late and not self.mine(row).renew():
                self.counted["avoided"] += 1
                return None
            provider_id = self.carrier.send(message)
        except Dropped:
            return self.hand_over(row, message, began)
        except _DATABASE_AWAY:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever a provider raises, the row must be tried again, not lost
            return self.postpone(row, failures.judge(error))
        self.mark(row, State.SENT, sent_at=Now(), error="", error_code="", provider_message_id=provider_id)
        return None

    def postpone(self, row: M, judged: Judgement) -> Judgement:
        """Mark a row that was not sent, or of which nobody knows."""
        told = {"error": failures.english(judged.error), "error_code": judged.code[:40]}
        logger.warning("mail_not_sent", row=str(row.pk), attempts=row.attempts, fate=judged.fate.value, **told)
        if judged.fate is Fate.UNKNOWN:
            self.mark(
                row, State.UNKNOWN, next_attempt_at=Now() + lease() * 2 ** min(row.attempts - 1, MAX_UNKNOWN), **told
            )
        elif judged.fate is Fate.REFUSED or row.attempts >= MAX_ATTEMPTS:
            self.mark(row, State.FAILED, next_attempt_at=Now(), **told)
        else:
            wait = judged.wait + uniform(0, min(5 * 2.0**row.attempts, LONGEST_PAUSE))  # noqa: S311 -- spreads load
            self.mark(row, State.QUEUED, next_attempt_at=Now() + timedelta(seconds=wait), **told)
        return judged

    def mine(self, row: M) -> OutgoingQuerySet[M]:
        """Answer the row as far as this worker still holds it."""
        return self.rows.filter(id=row.pk, lease=row.lease)

    def mark(self, row: M, state: State, **values: Any) -> None:
        """Write what became of the row, if it is still ours; a database that restarts is waited for."""
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
        self.counted[result if written else "overtaken"] += 1
