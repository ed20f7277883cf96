"""Finding a key by its id, with everything authentication needs, and counting the call: one statement each.

The statements are built once per process: building them on every call cost more than the rest of it, database included.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from django.db.models import QuerySet

from billing_seats.keys.credentials import WORKSPACE_KEY, Credential
from billing_seats.models import Product, ProductKey, Subscription
from members.keys import Key
from members.models import ApiKey, Workspace
from members.prepared import AN_ID, Compiled, columns, made
from members.rest.rate_limit import rate
from members.status import IS_EXPIRED

DIGEST = b"\0digest"
"""Placeholder for the digest of the secret that the caller sent."""
_ANNOTATIONS = ("is_expired", "owner_is_admin")
_WORKSPACE, _PLAN, _PRODUCT = "workspace__", "workspace__subscription__", "product__"

# A call is counted only if the key works and the secret is right; the first one of a minute is kept as the last use.
# The table of counts is not logged: except for that first call, committing writes nothing to disk.
_COUNTED = """
WITH found ({names}) AS ({find}),
counted AS (
    INSERT INTO members_callcount AS count (key_id, since, calls)
    SELECT id, statement_timestamp(), 1 FROM found
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


def find_key(credential: Credential) -> Key | None:
    """Return the key with the credential's id, with its status and, once counted, its ``rate``; None if unknown.

    Compare the secret before trusting it. An API key comes with its workspace and subscription, a product key with its
    product.
    """
    statement = _api_keys() if credential.kind == WORKSPACE_KEY else _product_keys()
    found = statement.read({AN_ID: credential.id, DIGEST: credential.digest})
    if not found:
        return None
    row = iter(found[0])
    key = _api_key(row) if credential.kind == WORKSPACE_KEY else _product_key(row)
    calls, seconds = row
    key.rate = None if calls is None else rate(calls, seconds)
    return key


def _api_key(row: Iterator[Any]) -> ApiKey:
    key, workspace, subscription = made(ApiKey, row), made(Workspace, row), made(Subscription, row)
    key.is_expired, key.owner_is_admin = next(row), next(row)  # type: ignore[attr-defined]  # -- as annotations are
    key.workspace, workspace.subscription = workspace, subscription
    return key


def _product_key(row: Iterator[Any]) -> ProductKey:
    key, key.product = made(ProductKey, row), made(Product, row)
    key.is_expired = next(row)  # type: ignore[attr-defined]  # -- as annotations are
    return key


@cache
def _api_keys() -> Compiled:
    names = (*columns(ApiKey), *columns(Workspace, _WORKSPACE), *columns(Subscription, _PLAN), *_ANNOTATIONS)
    return _counting(ApiKey.objects.with_status(), names, "NOT is_expired AND owner_is_admin")


@cache
def _product_keys() -> Compiled:
    names = (*columns(ProductKey), *columns(Product, _PRODUCT), "is_expired")
    return _counting(ProductKey.objects.annotate(is_expired=IS_EXPIRED), names, "NOT is_expired")


def _counting(keys: QuerySet[Any], names: Sequence[str], working: str) -> Compiled:
    find = Compiled.of(keys.filter(id=AN_ID).values_list(*names))
    table = keys.model._meta.db_table  # noqa: SLF001 -- public by its documentation
    sql = _COUNTED.format(names=", ".join(names), find=find.sql, working=working, table=table)
    return Compiled(sql, (*find.values, DIGEST))
