"""POSTs that are safe to repeat: the first response under an Idempotency-Key is stored with the change it reports.

Both are written in one transaction, so whatever process dies, either both exist or neither. Of two requests at once
the second waits for the first one's row and then finds its response. A long request, such as a bulk invitation, commits
part by part and stores a response per part: repeated after a crash, it continues where it stopped.
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

from members.errors import IdempotencyConflict, IdempotencyInProgress, InvalidRequest
from members.rest.models import KeptAnswer

HEADER = "Idempotency-Key"
MAX_LENGTH = 255
KEPT_FOR = timedelta(hours=24)

# A response older than a day counts as none. The row is locked in any case, after waiting for its writer.
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
    """An Idempotency-Key, the caller it belongs to, and a digest of the request."""

    caller: uuid.UUID
    key: str
    fingerprint: bytes


@dataclass(frozen=True)
class StoredResponse:
    """The status and JSON body of a response."""

    status: int
    body: bytes


def request_key(caller: uuid.UUID, key: str, *, path: str, body: Any) -> RequestKey:
    """Return the key of a POST; ``body`` is the parsed JSON, so spaces and the order of fields do not matter.

    Raises:
        InvalidRequest: the key is empty, too long, or not printable ASCII; or the body is nested too deeply.
    """
    if not (len(key) <= MAX_LENGTH and key.strip() and key.isascii() and key.isprintable()):
        raise InvalidRequest(f"Use 1 to {MAX_LENGTH} printable ASCII characters.", field=HEADER)
    try:
        asked = orjson.dumps([path, body], option=orjson.OPT_SORT_KEYS)
    except TypeError:
        raise InvalidRequest("The body is nested too deeply.") from None
    return RequestKey(caller, key, hashlib.sha256(asked).digest())


def claim(request: RequestKey, part: int = 1) -> StoredResponse | None:
    """Return the stored response; or claim the key and return None: do the work and ``store`` before committing.

    Must be called in a transaction, before any other lock: a repetition waits for this row.

    Raises:
        IdempotencyConflict: the key was used for another request.
        IdempotencyInProgress: the first request is still running after the lock timeout.
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
        raise IdempotencyInProgress(retry_after=1) from error
    kept = KeptAnswer.objects.get(caller=request.caller, key=request.key, part=part)
    if bytes(kept.fingerprint) != request.fingerprint:
        raise IdempotencyConflict
    return StoredResponse(kept.status or 0, bytes(kept.body or b""))


def store(request: RequestKey, response: StoredResponse, part: int = 1) -> None:
    """Store the response, in the transaction that claimed the key and did the work."""
    rows = KeptAnswer.objects.filter(caller=request.caller, key=request.key, part=part)
    rows.update(status=response.status, body=response.body)


def run_part(request: RequestKey | None, part: int, work: Callable[[], Any]) -> tuple[Any, bool]:
    """Do one part of a long request in a transaction of its own, unless it was done before.

    ``part`` counts from 1; ``work`` returns something JSON can hold. Return its value, and whether it was stored by an
    earlier request. Without a key the work is simply done.

    Raises:
        IdempotencyConflict, IdempotencyInProgress
        and whatever ``work`` raises; then nothing of this part is done, and the parts before it stay done.
    """
    with transaction.atomic():
        before = claim(request, part) if request else None
        if before is not None:
            return orjson.loads(before.body), True
        value = work()
        if request:
            store(request, StoredResponse(200, orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z)), part)
    return value, False


def delete_expired() -> int:
    """Delete the responses older than a day and return how many there were."""
    return KeptAnswer.objects.filter(created_at__lt=Now() - KEPT_FOR).delete()[0]
