"""The secret of a key: creating it, reading it from a header, and finding its key in one statement."""

import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import F

from billing_seats.models import ProductKey
from members.keys import Key, rate
from members.models import ApiKey
from members.prepared import Prepared
from members.status import IS_EXPIRED

WORKSPACE_KEY, PRODUCT_KEY = "wsk", "psk"
_FORMAT = re.compile(r"(wsk|psk)_([0-9a-f]{32})_([0-9a-f]{64})")
_SECRET_BYTES = 32


@dataclass(frozen=True)
class Credential:
    """A key as the caller presented it: its kind, its id and the digest of its secret."""

    kind: str
    id: uuid.UUID
    digest: bytes

    def proves(self, digest: bytes) -> bool:
        """Return, in constant time, whether the secret has this digest."""
        return hmac.compare_digest(self.digest, digest)


def read(text: str) -> Credential | None:
    """Return the credential in the text, or None if it is not formatted like a key."""
    found = _FORMAT.fullmatch(text)
    if found is None:
        return None
    kind, key_id, secret = found.groups()
    return Credential(kind, uuid.UUID(key_id), _digest(secret))


def make(kind: str, key_id: uuid.UUID) -> tuple[str, bytes]:
    """Return a new key for this id, to show once, and the digest to store."""
    secret = secrets.token_hex(_SECRET_BYTES)
    return f"{kind}_{key_id.hex}_{secret}", _digest(secret)


def shortened(kind: str, key_id: uuid.UUID) -> str:
    """Return the part of a key that may always be shown, to tell keys apart."""
    return f"{kind}_{key_id.hex}_…"


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


# A call is counted only if the key works and the secret is right; the first one of a minute is kept as the last use.
# The table of counts is not logged: except for that first call, committing writes nothing to disk.
_COUNTED = """
WITH found AS ({find}),
counted AS (
    INSERT INTO members_callcount AS count (key_id, since, calls)
    SELECT found_id, statement_timestamp(), 1 FROM found
    WHERE digest = %s AND revoked_at IS NULL AND {working}
    ON CONFLICT (key_id) DO UPDATE SET
        calls = CASE WHEN count.since > excluded.since - interval '60 seconds' THEN count.calls + 1 ELSE 1 END,
        since = CASE WHEN count.since > excluded.since - interval '60 seconds' THEN count.since ELSE excluded.since END
    RETURNING key_id, calls, 60 - extract(epoch FROM statement_timestamp() - since) AS seconds
),
noted AS (
    UPDATE {table} AS key SET last_used_at = statement_timestamp() FROM counted
    WHERE key.id = counted.key_id AND counted.calls = 1
)
SELECT found.*, counted.calls, counted.seconds FROM found LEFT JOIN counted ON TRUE
"""
_api_key = Prepared(
    lambda key: (
        ApiKey.objects.with_status().annotate(found_id=F("id")).filter(id=key).select_related("workspace__subscription")
    )
)
_product_key = Prepared(
    lambda key: (
        ProductKey.objects.annotate(is_expired=IS_EXPIRED, found_id=F("id")).filter(id=key).select_related("product")
    )
)


def find_key(credential: Credential) -> Key | None:
    """Return the key with the credential's id, its status and, if the secret is right, its ``rate``; None if unknown.

    The caller compares the secret. An API key comes with its workspace and subscription, a product key with its
    product.
    """
    keys: Prepared[Any] = _api_key if credential.kind == WORKSPACE_KEY else _product_key
    with connection.cursor() as cursor:
        cursor.execute(_counting(credential.kind), [*keys.values(key=credential.id), credential.digest])
        row = cursor.fetchone()
    if row is None:
        return None
    key: Key
    [key], (calls, seconds) = keys.rows([row]), row[-2:]
    key.rate = None if calls is None else rate(calls, seconds)
    return key


@cache
def _counting(kind: str) -> str:
    if kind == WORKSPACE_KEY:
        return _COUNTED.format(find=_api_key.sql, working="NOT is_expired AND owner_is_admin", table="members_apikey")
    return _COUNTED.format(find=_product_key.sql, working="NOT is_expired", table="billing_seats_productkey")
