"""How many seats are bought, in use, held and available; and seat budgets, read under the workspace's lock."""

import uuid
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing_seats.models import Product, Seat, SeatPool
from members.errors import DomainError, InvalidRequest, OverAssigned, SeatsExhausted
from members.models import Membership, Workspace
from members.prepared import Prepared

LOW_SHARE = 0.1


def low_water(purchased: int) -> int:
    """Return the number of available seats at which a product runs low: a tenth of those bought, at least one."""
    return min(ceil(purchased * LOW_SHARE), max(purchased - 1, 0))


@dataclass(frozen=True)
class SeatCount:
    """A workspace's seat counts for one product."""

    product: Product
    purchased: int
    in_use: int
    held: int

    @property
    def taken(self) -> int:
        """How many are in use or held for invitees."""
        return self.in_use + self.held

    @property
    def available(self) -> int:
        """How many can still be assigned or held."""
        return max(self.purchased - self.taken, 0)

    @property
    def over_assigned(self) -> int:
        """How many more are assigned than were bought."""
        return max(self.taken - self.purchased, 0)

    @property
    def is_low(self) -> bool:
        """Whether the product is running low on seats."""
        return self.purchased > 0 and self.available <= low_water(self.purchased)


def _ending_seats(**condition: object) -> Coalesce:
    """Return how many of a pool's seats have an end date and meet the condition, for a query of pools."""
    seats = Seat.objects.filter(
        workspace=OuterRef("workspace_id"), product=OuterRef("product_id"), ends_at__isnull=False, **condition
    )
    counted = seats.order_by().values("product_id").annotate(number=Count("*")).values("number")
    return Coalesce(Subquery(counted), 0)


def with_counts(pools: QuerySet[SeatPool]) -> QuerySet[SeatPool]:
    """Return the pools with their product and everything ``count_of`` needs, in one statement.

    A pool knows how many seats are assigned. Only those with an end date are read: they may have lapsed, or are held by
    a pending invitation.
    """
    return pools.select_related("product").annotate(
        lapsed=_ending_seats(ends_at__lte=Now()), held=_ending_seats(held=True, ends_at__gt=Now())
    )


def pools_with_counts(workspace: Workspace) -> list[SeatPool]:
    """Return the workspace's pools with their product and everything ``count_of`` needs, by slug."""
    return _pools_with_counts.read(workspace=workspace.id)


_pools_with_counts = Prepared(
    lambda workspace: with_counts(SeatPool.objects.filter(workspace=workspace).order_by("product__slug"))
)


def count_of(pool: SeatPool) -> SeatCount:
    """Return the counts of a pool from ``with_counts``, as of that statement."""
    read = vars(pool)
    return SeatCount(pool.product, pool.purchased, pool.assigned - read["lapsed"] - read["held"], read["held"])


def counted(pools: QuerySet[SeatPool]) -> Iterator[tuple[uuid.UUID, SeatCount]]:
    """Yield the workspace id and the counts of each pool, in one statement."""
    for pool in with_counts(pools):
        yield pool.workspace_id, count_of(pool)


def seat_counts(workspace: Workspace) -> list[SeatCount]:
    """Return the counts of each product bought, by slug, in one statement of constant cost."""
    return [count_of(pool) for pool in pools_with_counts(workspace)]


def sellable_products(workspace: Workspace, slugs: Collection[str], field: str = "seats") -> list[Product]:
    """Return the products with these slugs, or raise InvalidRequest if one can't be assigned in this workspace."""
    if not slugs:
        return []
    pools = workspace.seat_pools.filter(product__slug__in=slugs, product__retired=False).select_related("product")
    found = {pool.product.slug: pool.product for pool in pools}
    require_sold(found, slugs, field)
    return list(found.values())


def require_sold(sold: Container[str], slugs: Iterable[str], field: str) -> None:
    """Raise InvalidRequest unless all of these products are sold here; unknown and not bought look alike."""
    if missing := [slug for slug in slugs if slug not in sold]:
        message = _("The subscription has no product “%(slug)s”.") % {"slug": missing[0][:50]}
        raise InvalidRequest(message, field=field, code="unknown")


class SeatBudget:
    """A pool's available seats under the workspace's lock: ``before``, and ``free`` as seats are reserved.

    A negative number says by how many the limit is exceeded.
    """

    def __init__(self, pool: SeatPool, lapsed: int) -> None:
        self.pool, self.product = pool, pool.product
        self.before = self.free = pool.purchased - pool.assigned + lapsed
        self.was_low = self.before <= low_water(pool.purchased)

    def refusal(self, wanted: int = 1) -> DomainError | None:
        """Return why so many seats aren't available, or None."""
        name = {"product": self.product.name, "over": -self.free}
        if self.free < 0:
            message = ngettext(
                "%(product)s is over its limit by %(over)s seat. Free up or buy %(over)s before assigning more.",
                "%(product)s is over its limit by %(over)s seats. Free up or buy %(over)s before assigning more.",
                -self.free,
            )
            return OverAssigned(message % name, product=self.product.slug, over_assigned=-self.free)
        if self.free < wanted:
            message = _("No %(product)s seat is available.") % name
            return SeatsExhausted(message, product=self.product.slug, available=self.free)
        return None

    def require(self, wanted: int = 1) -> None:
        """Raise SeatsExhausted or OverAssigned, with the product and the numbers, unless so many seats are left."""
        if error := self.refusal(wanted):
            raise error

    def reserve(self) -> None:
        """Set a seat aside for the caller, who writes it; raise SeatsExhausted or OverAssigned if none is left."""
        self.require()
        self.free -= 1

    @property
    def runs_low(self) -> bool:
        """Whether this act made the product run low."""
        return not self.was_low and self.pool.purchased > 0 and self.free <= low_water(self.pool.purchased)


def seat_budgets(workspace: Workspace, slugs: Collection[str], wanted: int = 1) -> list[SeatBudget]:
    """Return the budgets of these products for up to ``wanted`` seats each, by slug, in one or two statements.

    Lapsed seats are counted only if the result could depend on them.
    """
    workspace.require_lock()
    if not slugs:
        return []
    pools = workspace.seat_pools.filter(product__slug__in=slugs).select_related("product").order_by("product__slug")
    near = [pool for pool in pools if pool.purchased - pool.assigned - wanted <= low_water(pool.purchased)]
    lapsed = _lapsed(workspace, near)
    return [SeatBudget(pool, lapsed.get(pool.product_id, 0)) for pool in pools]


def _lapsed(workspace: Workspace, pools: Sequence[SeatPool]) -> dict[uuid.UUID, int]:
    """Return, by product, how many seats belong to lapsed members and so don't count."""
    if not pools:
        return {}
    seats = Seat.objects.filter(
        workspace=workspace,
        product__in=[pool.product_id for pool in pools],
        ends_at__isnull=False,
        ends_at__lte=Now(),
    )
    return dict(seats.order_by().values_list("product_id").annotate(number=Count("*")))


def idle_first(workspace: Workspace, product: Product) -> QuerySet[Membership]:
    """Return the live holders of a seat of the product, those longest inactive first."""
    holders = Membership.objects.live().filter(workspace=workspace, seats__workspace=workspace, seats__product=product)
    return holders.order_by(Coalesce("last_active_at", "created_at"), "id")
