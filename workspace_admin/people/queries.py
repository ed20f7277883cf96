"""The reader of the member list, for the page and the API: one statement, built once for each way of asking."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, CharField, F, OuterRef, QuerySet, Subquery, Value, When
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing_seats.budgets import SeatCount, count_of, pools_with_counts
from billing_seats.models import Product, Seat
from invitations.models import Invitation, InvitationStatus, last_mail
from members.errors import NotFound
from members.models import Membership, MembershipQuerySet, Workspace
from members.prepared import Param, Prepared
from members.rest.pagination import Order, Page, Place, bound, cut, place
from members.status import MEMBER_STATUSES
from workspace_admin.people.filters import Filters, Values


def _both_ways(name: str, field: str, **kind: Any) -> list[Order]:
    return [Order(f"{'-' if falling else ''}{name}", field, falling, **kind) for falling in (False, True)]


ORDERS = {
    order.name: order
    for order in (
        *_both_ways("name", "sort_name"),
        *_both_ways("email", "email"),
        *_both_ways("joined_at", "joined_at", timed=True, nullable=True),
        *_both_ways("last_active_at", "last_active_at", timed=True, nullable=True),
        *_both_ways("role", "role", then="sort_name"),
        *_both_ways("expires_at", "expires_at", timed=True, nullable=True, unset_last=True),
    )
}
PAGE = 50
NEAR = 1_000
"""Rows along the order in which rare ones are looked for first, before all of them are looked up by their index."""
_LIST = "Membership"
_MOST_WAYS = 2_000
_WORDS = frozenset({"q"})
_NAMED = frozenset({"email", "external_id"})
"""Filters that find a few rows by an index of their own."""


class MemberGone(NotFound):
    """The member of a row that is out of date."""

    default = gettext_lazy("This person is no longer in the workspace.")


@dataclass(frozen=True)
class Column:
    """A product and its seat count; ``refused_since`` is set while invitations are refused because none is left."""

    product: Product
    count: SeatCount
    refused_since: datetime | None = None

    @property
    def available(self) -> int:
        """Return how many seats are left."""
        return self.count.available

    @cached_property
    def left(self) -> str:
        """Return in words how many seats are left of those bought, or by how many the limit is exceeded."""
        names = {"left": self.available, "bought": self.count.purchased, "over": self.count.over_assigned}
        if self.count.over_assigned:
            return _("%(over)s over limit") % names
        if self.product.retired:
            return _("no longer sold")
        return _("%(left)s of %(bought)s left") % names

    @property
    def tone(self) -> str:
        """Return how urgent that is."""
        if self.count.over_assigned:
            return "over"
        return "low" if self.count.is_low and not self.product.retired else ""

    @property
    def is_shown(self) -> bool:
        """Return whether the list has the column: that of a retired product stays while somebody has a seat."""
        return not self.product.retired or self.count.taken > 0


class Shape(Enum):
    """What is read of each member: a model with what their row shows, or the API's columns by name."""

    PAGE = "page"
    API = "api"


class Reach(Enum):
    """How a statement finds its rows: along the order, only a little way along it, or all of them and then sorting."""

    ALONG = "along"
    NEAR = "near"
    ALL = "all"


@dataclass(frozen=True)
class _Way:
    """What a statement depends on: everything but the values that are looked for."""

    sort: str
    limit: int
    backward: bool
    placed: bool
    filters: Filters


def find(workspace: Workspace, query: Values, shape: Shape) -> Page[Any]:
    """Return one page of the members who meet the filters, in the order of ``sort`` from ``cursor`` on.

    Rows that many meet are found fast along the order, and those that few meet by their index. Postgres guesses badly
    which it is: so they are looked for a little way along the order first, and then by their index.

    Raises:
        InvalidRequest: the cursor is not one of this list in this order.
    """
    order, limit = ORDERS[query.get("sort") or "name"], query.get("limit") or PAGE
    start = place(_LIST, order, query.get("cursor") or "")
    filters = Filters.of(workspace, query)
    way = _Way(order.name, limit, start.backward, start.at is not None, filters)
    at = {f"at_{number}": value for number, value in enumerate(start.at or ())}
    found: list[Any] = []
    for reach in _reaches(filters, order, shape):
        if len(found) <= limit:
            found = _prepared(way, reach, shape).read(workspace=workspace.id, **at, **filters.values)
    return bound(found, _LIST, order, start, limit)


def _reaches(filters: Filters, order: Order, shape: Shape) -> tuple[Reach, ...]:
    if filters.names & _NAMED:
        return (Reach.ALL,)
    _along, rare = filters.split(order)
    # The page's search stays one statement: by name, the index of the words is as fast.
    if rare.is_empty or (shape == Shape.PAGE and order.field == "sort_name" and rare == Filters(names=_WORDS)):
        return (Reach.ALONG,)
    return Reach.NEAR, Reach.ALL


def with_fresh(workspace: Workspace, page: Page[Membership], fresh: Sequence[str]) -> Page[Membership]:
    """Return the page with the members of these addresses on top, unless they are on it already."""
    missing = set(fresh) - {row.email for row in page.rows}
    if not missing:
        return page
    extra = with_details(workspace).filter(email__in=list(missing)[:PAGE]).order_by("sort_name", "id")
    return replace(page, rows=[*extra, *page.rows])


def count(workspace: Workspace, query: Values) -> int:
    """Return how many members meet the filters."""
    return Filters.of(workspace, query).narrow(Membership.objects.all(), workspace.id).count()


def everyone(workspace: Workspace, query: Values) -> QuerySet[Membership, Any]:
    """Return all members who meet the filters in the order of ``sort``, as the API lists them: to go through once."""
    order = ORDERS[query.get("sort") or "name"]
    keys = order.keys()
    ends = [end.desc() if order.descending else end.asc() for end in keys]
    rows = Filters.of(workspace, query).narrow(_api_rows(), workspace.id)
    return rows.order_by(*ends).values_list(*_API_COLUMNS, named=True)


def ids(workspace: Workspace, query: Values, most: int) -> list[UUID]:
    """Return the ids of up to so many members who meet the filters, by name."""
    found = Filters.of(workspace, query).narrow(Membership.objects.all(), workspace.id)
    return list(found.order_by("sort_name", "id").values_list("id", flat=True)[:most])


def find_member(workspace: Workspace, member_id: UUID) -> Membership:
    """Return one member with what their row shows.

    Raises:
        MemberGone: nobody of this workspace has the id.
    """
    member = with_details(workspace).filter(id=member_id).first()
    if member is None:
        raise MemberGone
    return member


def with_details(workspace: Workspace) -> MembershipQuerySet:
    """Return the workspace's members with what else their rows show.

    Each has ``is_expired``, ``held`` (product ids), ``invitation`` (its id while pending) and ``mail``
    (the last email, as JSON).
    """
    return _page_rows().filter(workspace=workspace)


def columns(workspace: Workspace) -> list[Column]:
    """Return the products with their seat counts, by slug, in one statement."""
    pools = pools_with_counts(workspace)
    return [Column(pool.product, count_of(pool), pool.refused_since) for pool in pools]


@cache
def _page_rows() -> MembershipQuerySet:
    """Return the members of all workspaces, to narrow and never to read: building this takes longer than running it."""
    seats = Seat.objects.filter(workspace=OuterRef("workspace_id"), membership=OuterRef("pk"))
    annotated = Membership.objects.with_expiry().annotate(
        held=ArraySubquery(seats.values("product_id")), invitation=_pending_invitation()
    )
    return annotated.annotate(mail=last_mail("invitation"))


def api_rows(workspace: Workspace) -> QuerySet[Membership, Any]:
    """Return the workspace's members as the API lists them, as named tuples."""
    return _api_rows().filter(workspace=workspace).values_list(*_API_COLUMNS, named=True)


_API_COLUMNS = (
    "id",
    "user_id",
    "email",
    "name",
    "sort_name",
    "role",
    "shown_status",
    "seats_",
    "pending_invitation",
    "external_id",
    "metadata",
    "joined_at",
    "last_active_at",
    "expires_at",
    "updated_at",
)


@cache
def _api_rows() -> MembershipQuerySet:
    """Return the same for the API; ``shown_status`` tells expired from invited, and lapsed from active."""
    seats = Seat.objects.filter(workspace=OuterRef("workspace_id"), membership=OuterRef("pk"))
    over = [When(MEMBER_STATUSES[name], Value(name)) for name in ("expired", "lapsed")]
    return Membership.objects.annotate(
        shown_status=Case(*over, default=F("status"), output_field=CharField()),
        seats_=ArraySubquery(seats.order_by("product__slug").values("product__slug")),
        pending_invitation=_pending_invitation(),
    )


def _pending_invitation() -> Subquery:
    offers = Invitation.objects.filter(
        workspace=OuterRef("workspace_id"), membership=OuterRef("pk"), status=InvitationStatus.PENDING
    )
    return Subquery(offers.values("id")[:1])


@lru_cache(maxsize=_MOST_WAYS)
def _prepared(way: _Way, reach: Reach, shape: Shape) -> Prepared[Any]:
    order, filters = ORDERS[way.sort], way.filters.with_params()
    ends = [Param(f"at_{number}") for number, _key in enumerate(order.keys())]

    def build(workspace: Any) -> Any:
        start = Place(way.backward, tuple(ends) if way.placed else None)
        rows = _api_rows() if shape == Shape.API else _page_rows()
        rows = filters.narrow(rows, workspace, indexed=reach != Reach.NEAR)
        if reach == Reach.NEAR:
            along, _rare = filters.split(order)
            near = along.narrow(Membership.objects.all(), workspace)
            rows = rows.filter(id__in=cut(near, order, start, NEAR).values("id"))
        page = cut(rows, order, start, way.limit, sorting=reach != Reach.ALONG)
        return page.values_list(*_API_COLUMNS, named=True) if shape == Shape.API else page

    return Prepared(build)
