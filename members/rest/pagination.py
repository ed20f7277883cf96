"""Pages of a list by keyset: a page's cost grows neither with its depth nor with the list."""

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import F, Func, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from members.clock import FOREVER, NEVER, OrForever, OrNever
from members.errors import InvalidRequest

SIGNATURE = 16
"""Bytes of a cursor's signature."""


class Unindexed(Func):
    """The same value, in an order that no index has: rows are found by what they are narrowed to, and then sorted."""

    function = "GREATEST"
    arity = 1


@dataclass(frozen=True)
class Order:
    """A total order: a column of text, times (``timed``, maybe NULL) or numbers (``numbered``); then the id.

    Rows with the same value may be in the order of a second column of text (``then``) before that of the id.
    """

    name: str
    field: str
    descending: bool = False
    timed: bool = False
    nullable: bool = False
    unset_last: bool = False
    """Whether rows without a time are the latest, rather than the earliest."""
    numbered: bool = False
    then: str = ""

    def keys(self) -> list[F | OrNever]:
        """Return the columns as they are compared, the id last."""
        unset = OrForever if self.unset_last else OrNever
        return [unset(self.field) if self.nullable else F(self.field), *([F(self.then)] if self.then else []), F("id")]

    def of(self, row: Any) -> list[Any]:
        """Return the row's position as written into a cursor; it has an ``id`` and the order's columns."""
        return [self.name, *(getattr(row, name) for name in (self.field, self.then) if name), row.id]

    def read(self, raw: list[Any]) -> tuple[Any, ...]:
        """Return a cursor's position as the types of the columns.

        Raises:
            ValueError: it is none.
        """
        if len(raw) != len(self.keys()):
            raise ValueError(raw)
        first, *then, row_id = raw
        return (self._read(first), *(_text(one) for one in then), UUID(str(row_id)))

    def _read(self, raw: object) -> Any:
        if self.timed:
            unset = FOREVER if self.unset_last else NEVER
            return unset if raw is None else datetime.fromisoformat(str(raw)).astimezone(UTC)
        if self.numbered:
            return int(str(raw))
        return _text(raw)


def _text(raw: object) -> str:
    if not isinstance(raw, str) or "\0" in raw:
        raise ValueError(raw)
    return raw


@dataclass(frozen=True)
class Page[Row]:
    """Some rows of a list in its order, and the cursors of its neighbours."""

    rows: list[Row]
    next_cursor: str | None
    prev_cursor: str | None


@dataclass(frozen=True)
class Place:
    """Where a page begins: after the row with these values or, ``backward``, before it; None is the list's end."""

    backward: bool = False
    at: tuple[Any, ...] | None = None


def place(of: str, order: Order, cursor: str) -> Place:
    """Return the position in the list ``of`` that a cursor names; the start for an empty one.

    Raises:
        InvalidRequest: the cursor is none of this list in this order.
    """
    return Place(*_read(of, cursor, order)) if cursor else Place()


def cut[Rows: QuerySet[Any, Any]](rows: Rows, order: Order, start: Place, limit: int, *, sorting: bool = False) -> Rows:
    """Return up to limit + 1 rows, nearest first; the extra one tells whether there is another page.

    They are read in this order from an index; with ``sorting``, all rows are found first, and then sorted.
    """
    falling = order.descending is not start.backward
    if start.at is not None:
        lookup: Callable[..., Any] = TupleLessThan if falling else TupleGreaterThan
        rows = rows.filter(lookup(Tuple(*order.keys()), start.at))
    first, *others = order.keys()
    ends = (Unindexed(first) if sorting else first, *others)
    return rows.order_by(*(end.desc() if falling else end.asc() for end in ends))[: limit + 1]


def bound[Row](found: list[Row], of: str, order: Order, start: Place, limit: int) -> Page[Row]:
    """Return what ``cut`` found as a page in the list's order, with its cursors."""
    more = len(found) > limit
    found = found[:limit]
    if start.backward:
        found.reverse()
    has_next, has_prev = (True, more) if start.backward else (more, start.at is not None)
    return Page(
        found,
        _write(of, "n", order.of(found[-1])) if found and has_next else None,
        _write(of, "p", order.of(found[0])) if found and has_prev else None,
    )


def page[Row: Model](rows: QuerySet[Row, Row], order: Order, *, limit: int, cursor: str = "") -> Page[Row]:
    """Return at most ``limit`` rows after or before the cursor's position.

    Raises:
        InvalidRequest: the cursor is none of this list in this order.
    """
    of = rows.model.__name__
    start = place(of, order, cursor)
    return bound(list(cut(rows, order, start, limit)), of, order, start, limit)


def _write(of: str, direction: str, place: list[Any]) -> str:
    """Return a signed, opaque cursor, so that only positions where a page ended are accepted."""
    written = orjson.dumps([direction, *place])
    return base64.urlsafe_b64encode(_signature(of, written) + written).decode().rstrip("=")


def _signature(of: str, written: bytes) -> bytes:
    return salted_hmac(f"members.keyset:{of}", written, algorithm="sha256").digest()[:SIGNATURE]


def _signed(of: str, cursor: str) -> bytes:
    """Return what was signed.

    Raises:
        ValueError: it was not signed here, for this list.
    """
    raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    if not hmac.compare_digest(raw[:SIGNATURE], _signature(of, raw[SIGNATURE:])):
        raise ValueError(cursor)
    return raw[SIGNATURE:]


def _read(of: str, cursor: str, order: Order) -> tuple[bool, tuple[Any, ...]]:
    try:
        direction, name, *values = orjson.loads(_signed(of, cursor))
        place = order.read(values)
        known = {"n": False, "p": True}[direction]
    except (ValueError, TypeError, KeyError, OverflowError):
        name = None
    if name != order.name:
        raise InvalidRequest(_("This cursor is not of this list."), field="cursor")
    return known, place
