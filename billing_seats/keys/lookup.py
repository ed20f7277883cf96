"""Keys by their id, with all that letting one in needs, and the call counted: each in one statement.

The statements are put together once in a process's life: building them anew at every call cost more than all the rest
of it, the database included.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from django.db.models import QuerySet

from billing_seats.keys.credentials import Credential
from billing_seats.models import Product, ProductKey, Subscription
from members.calls import OVER
from members.models import ApiKey, Workspace
from members.prepared import AN_ID, Compiled, columns, made
from members.rest.rate_limit import rate

DIGEST = b"\0digest"
"""Stands in a compiled statement where what proves a key will be."""
JUDGEMENT = ("over", "answered_for")
_WORKSPACE, _PLAN, _PRODUCT = "workspace__", "workspace__subscription__", "product__"

# Only the call of a key that works, by who knows its secret, is counted; a minute's first is kept as its last use. The
# table of counts is not logged: but for that first call, the commit writes nothing out.
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


def _row(statement: Compiled, credential: Credential) -> Iterator[Any] | None:
    """Answer the row of the key, or None: there is none with this id."""
    found = statement.read({AN_ID: credential.id, DIGEST: credential.digest})
    return iter(found[0]) if found else None


def api_key(credential: Credential) -> ApiKey | None:
    """Answer the workspace's key with this id, judged, with its workspace and that one's subscription.

    It works for this caller only where the credential proves it too; then the call is counted, in its ``rate``.
    """
    row = _row(_of_workspaces(), credential)
    if row is None:
        return None
    key, workspace, plan = made(ApiKey, row), made(Workspace, row), made(Subscription, row)
    key.over, key.answered_for = next(row), next(row)  # type: ignore[attr-defined]  # -- as annotations are
    key.workspace, workspace.subscription = workspace, plan
    return _counted(key, row)


def product_key(credential: Credential) -> ProductKey | None:
    """Answer the product's key with this id, judged, with its product; counted as above."""
    row = _row(_of_products(), credential)
    if row is None:
        return None
    key, key.product = made(ProductKey, row), made(Product, row)
    key.over = next(row)  # type: ignore[attr-defined]  # -- as annotations are
    return _counted(key, row)


@cache
def _of_workspaces() -> Compiled:
    names = (*columns(ApiKey), *columns(Workspace, _WORKSPACE), *columns(Subscription, _PLAN), *JUDGEMENT)
    return _statement(ApiKey.objects.judged(), names, "NOT over AND answered_for")


@cache
def _of_products() -> Compiled:
    names = (*columns(ProductKey), *columns(Product, _PRODUCT), "over")
    return _statement(ProductKey.objects.annotate(over=OVER), names, "NOT over")


def _statement(keys: QuerySet[Any], names: Sequence[str], working: str) -> Compiled:
    find = Compiled.of(keys.filter(id=AN_ID).values_list(*names))
    table = keys.model._meta.db_table  # noqa: SLF001 -- public by its documentation
    sql = _COUNTED.format(names=", ".join(names), find=find.sql, working=working, table=table)
    return Compiled(sql, (*find.values, DIGEST))


def _counted[Row: ApiKey | ProductKey](key: Row, row: Iterator[Any]) -> Row:
    calls, seconds = row
    key.rate = None if calls is None else rate(calls, seconds)
    return key
