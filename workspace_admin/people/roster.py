"""The members list as the API reads it: one statement, compiled once for each way in which it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache, lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Case, CharField, Exists, F, OuterRef, QuerySet, Subquery, Value, When

from billing_seats.models import Seat
from invitations.models import Invitation, InvitationStatus
from members.models import Membership, Workspace
from members.names import lexemes_of
from members.prepared import A_TIME, A_WORKSPACE, AN_ID, Compiled, a_text
from members.rest.pagination import Order, Page, Place, bound, cut, place
from members.status import MEMBER_STATUSES

ORDERS = {
    order.name: order
    for falling in (False, True)
    for order in (
        Order("-name" if falling else "name", "sort_name", falling),
        Order("-email" if falling else "email", "email", falling),
        Order("-joined_at" if falling else "joined_at", "joined_at", falling, timed=True, nullable=True),
        Order("-last_active_at" if falling else "last_active_at", "last_active_at", falling, timed=True, nullable=True),
    )
}
ROLE, PRODUCT, WORDS, KEY = (a_text(name) for name in ("role", "product", "words", "key"))
SOUGHT = {WORDS, PRODUCT}
"""What few may have, anywhere in an order."""
_LIST = "Membership"
_MOST_WAYS = 2_000
NEAR = 1_000
"""Members among whom words or a seat are looked for before all who have them are looked up."""


class Row(NamedTuple):
    """A member as the list has them; ``standing`` is the status as people see it, ``offer_`` a pending invitation."""

    id: UUID
    user_id: UUID | None
    email: str
    name: str
    sort_name: str
    role: str
    standing: str
    seats_: list[str]
    offer_: UUID | None
    joined_at: datetime | None
    last_active_at: datetime | None
    expires_at: datetime | None


class Reach(Enum):
    """How a statement finds its rows: along the order, only a little way along it, or all of them and then sorting."""

    ALONG = "along"
    NEAR = "near"
    ALL = "all"


@dataclass(frozen=True)
class _Way:
    """What a statement depends on: all but the values that are looked for."""

    sort: str
    limit: int
    backward: bool
    placed: bool
    status: str | None
    by: frozenset[Any]


def find(workspace: Workspace, query: Mapping[str, Any]) -> Page[Row]:
    """Answer the page that a MembersQuery asks for.

    Words or a seat that many have are found fast along the order, and those that few have, by their index. Which it is,
    the database guesses badly: so they are looked for a little way along the order first, and then by their index.

    Raises:
        InvalidRequest: its cursor is none of this list in this order.
    """
    order, limit = ORDERS[query["sort"]], query["limit"]
    start, blanks = place(_LIST, order, query["cursor"]), _blanks(workspace, query)
    way = _Way(order.name, limit, start.backward, start.at is not None, query.get("status"), frozenset(blanks))
    if start.at is not None:
        blanks |= {A_TIME if order.timed else KEY: start.at[0], AN_ID: start.at[1]}
    found: list[Any] = []
    for reach in (Reach.NEAR, Reach.ALL) if blanks.keys() & SOUGHT else (Reach.ALONG,):
        if len(found) <= limit:
            found = _compiled(way, reach).read(blanks)
    return bound([Row._make(row) for row in found], _LIST, order, start, limit)


def count(workspace: Workspace, query: Mapping[str, Any]) -> int:
    """Answer how many there are on all pages."""
    found: int = _narrowed(_rows(), query.get("status"), _blanks(workspace, query)).count()
    return found


def ids(workspace: Workspace, query: Mapping[str, Any], most: int) -> list[UUID]:
    """Return the ids of up to so many members to whom all of the filters apply, by name."""
    found = _narrowed(Membership.objects, query.get("status"), _blanks(workspace, query))
    return list(found.order_by("sort_name", "id").values_list("id", flat=True)[:most])


def rows(workspace: Workspace) -> QuerySet[Membership, Row]:
    """Answer the workspace's members as rows of the list."""
    return _rows().filter(workspace=workspace).values_list(*Row._fields, named=True)


def _blanks(workspace: Workspace, query: Mapping[str, Any]) -> dict[Any, Any]:
    """Answer what the list is narrowed to, by the blank for it."""
    asked = {ROLE: query.get("role"), PRODUCT: query.get("product"), WORDS: lexemes_of(workspace.id, query["q"])}
    return {A_WORKSPACE: workspace.id} | {blank: value for blank, value in asked.items() if value}


@lru_cache(maxsize=_MOST_WAYS)
def _compiled(way: _Way, reach: Reach) -> Compiled:
    order = ORDERS[way.sort]
    start = Place(way.backward, (A_TIME if order.timed else KEY, AN_ID) if way.placed else None)
    wanted = {blank: blank for blank in way.by}
    rows = _narrowed(_rows(), way.status, wanted, indexed=reach != Reach.NEAR)
    if reach == Reach.NEAR:
        others = {blank: blank for blank in way.by - SOUGHT}
        rows = rows.filter(
            id__in=cut(_narrowed(Membership.objects, way.status, others), order, start, NEAR).values("id")
        )
    return Compiled.of(cut(rows.values_list(*Row._fields), order, start, way.limit, sorting=reach != Reach.ALONG))


def _narrowed(rows: Any, status: str | None, values: Mapping[Any, Any], *, indexed: bool = True) -> Any:
    """Answer those of the rows that have the status, and the value that is given for each blank.

    Not ``indexed``, words and seats are looked for row by row: for a few rows, the database would fetch everybody's.
    """
    rows = rows.filter(workspace_id=values[A_WORKSPACE])
    if status:
        rows = rows.filter(MEMBER_STATUSES[status])
    if ROLE in values:
        rows = rows.filter(role=values[ROLE])
    if PRODUCT in values:
        seats = Seat.objects.filter(workspace=OuterRef("workspace_id"), membership=OuterRef("pk"))
        held = Exists(seats.filter(product__slug=values[PRODUCT]))
        rows = rows.filter(held if indexed else Case(When(held, then=True), default=False, output_field=BooleanField()))
    return rows.having(values[WORDS], indexed=indexed) if WORDS in values else rows


@cache
def _rows() -> QuerySet[Membership]:
    """Answer the members of all workspaces with what the list says of them; never read, only narrowed."""
    seats = Seat.objects.filter(workspace=OuterRef("workspace_id"), membership=OuterRef("pk"))
    offers = Invitation.objects.filter(
        workspace=OuterRef("workspace_id"), membership=OuterRef("pk"), status=InvitationStatus.PENDING
    )
    over = [When(MEMBER_STATUSES[name], Value(name)) for name in ("expired", "lapsed")]
    return Membership.objects.annotate(
        standing=Case(*over, default=F("status"), output_field=CharField()),
        seats_=ArraySubquery(seats.order_by("product__slug").values("product__slug")),
        offer_=Subquery(offers.values("id")[:1]),
    )
