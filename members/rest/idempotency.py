"""POSTs that may be repeated: the first answer under an Idempotency-Key is kept, in the transaction of its change.

So there is no moment at which the change is made and the answer is not yet kept, whatever dies when. Of two at once
the second waits at the first's row, and then finds its answer. What takes long and is committed part by part, such as
a bulk invitation, keeps an answer per part: repeated after a crash, it goes on where it was.
"""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now
from psycopg.errors import LockNotAvailable

from members.errors import IdempotencyConflict, InvalidRequest
from members.models import KeptAnswer

HEADER = "Idempotency-Key"
LONGEST = 255
KEPT_FOR = timedelta(hours=24)

# An answer whose day is over is as good as none. The row is locked in any case, after waiting for its writer.
_CLAIM = """
INSERT INTO members_keptanswer AS kept (caller, key, part, fingerprint, created_at)
VALUES (%s, %s, %s, %s, statement_timestamp())
ON CONFLICT (caller, key, part) DO UPDATE
SET fingerprint = excluded.fingerprint, created_at = excluded.created_at, status = NULL, body = NULL
WHERE kept.created_at < excluded.created_at - %s
RETURNING 1
"""


@dataclass(frozen=True)
class RequestKey:
    """An Idempotency-Key, whose it is, and a digest of what was asked for under it."""

    caller: uuid.UUID
    key: str
    fingerprint: bytes


@dataclass(frozen=True)
class Answer:
    """A status and a body of JSON."""

    status: int
    body: bytes


def request_key(caller: uuid.UUID, key: str, *, path: str, body: Any) -> RequestKey:
    """Answer the key of a POST; ``body`` is what its JSON says, so that spaces and the order of fields do not matter.

    Raises:
        InvalidRequest: the key is empty, too long, or not of printable ASCII; or the body is nested beyond reason.
    """
    if not (len(key) <= LONGEST and key.strip() and key.isascii() and key.isprintable()):
        raise InvalidRequest(f"Use 1 to {LONGEST} printable ASCII characters.", field=HEADER)
    try:
        asked = orjson.dumps([path, body], option=orjson.OPT_SORT_KEYS)
    except TypeError:
        raise InvalidRequest("This is nested too deeply.") from None
    return RequestKey(caller, key, hashlib.sha256(asked).digest())


def claim(request: RequestKey, part: int = 1) -> Answer | None:
    """Answer what was answered before; or None: take the key, do the work and ``keep`` its answer before committing.

    Must be called in a transaction, before any lock: whoever repeats the request waits at this row.

    Raises:
        IdempotencyConflict: the key stands for another request, or the first is still on its way after five seconds.
    """
    try:
        with connection.cursor() as cursor:
            values: list[Any] = [request.caller, request.key, part, request.fingerprint, KEPT_FOR]
            cursor.execute(_CLAIM, values)
            if cursor.fetchone():
                return None
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        raise IdempotencyConflict("The first request with this key is still on its way. Try again later.") from error
    kept = KeptAnswer.objects.get(caller=request.caller, key=request.key, part=part)
    if bytes(kept.fingerprint) != request.fingerprint:
        raise IdempotencyConflict
    return Answer(kept.status or 0, bytes(kept.body or b""))


def keep(request: RequestKey, answer: Answer, part: int = 1) -> None:
    """Keep the answer, in the transaction that took the key and did the work."""
    rows = KeptAnswer.objects.filter(caller=request.caller, key=request.key, part=part)
    rows.update(status=answer.status, body=answer.body)


def in_part(request: RequestKey | None, part: int, work: Callable[[], Any]) -> tuple[Any, bool]:
    """Do one part of a long request in a transaction of its own, unless it was done before.

    ``part`` counts from 1; ``work`` answers what JSON can write. Without a key, the work is only done. Answers the
    part's value, and whether it is that of an earlier time.

    Raises:
        IdempotencyConflict
        and what ``work`` raises; then nothing of this part is done, and the parts before it are.
    """
    with transaction.atomic():
        before = claim(request, part) if request else None
        if before is not None:
            return orjson.loads(before.body), True
        value = work()
        if request:
            keep(request, Answer(200, orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z)), part)
    return value, False


def forget() -> int:
    """Delete the answers whose day is over, and answer how many."""
    return KeptAnswer.objects.filter(created_at__lt=Now() - KEPT_FOR).delete()[0]
