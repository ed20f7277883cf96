"""How many seats are bought, in use, held and free; and the room that is left, read under the workspace's lock."""

import uuid
from collections.abc import Collection, Iterator, Sequence
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

LOW_SHARE, LOW_NUMBER = 0.1, 3


def low_water(purchased: int) -> int:
    """Answer at how many free seats of those bought they are said to run out: the last tenth, or the last three."""
    return min(max(ceil(purchased * LOW_SHARE), LOW_NUMBER), max(purchased - 1, 0))


@dataclass(frozen=True)
class SeatCount:
    """How the seats of one product stand in a workspace; every figure counts seats."""

    product: Product
    purchased: int
    in_use: int
    held: int

    @property
    def taken(self) -> int:
        """How many are in use or held."""
        return self.in_use + self.held

    @property
    def available(self) -> int:
        """How many can still be given or held."""
        return max(self.purchased - self.taken, 0)

    @property
    def over_assigned(self) -> int:
        """How many more are taken than were bought."""
        return max(self.taken - self.purchased, 0)

    @property
    def is_low(self) -> bool:
        """Whether the last ones are being used."""
        return self.purchased > 0 and self.available <= low_water(self.purchased)


def _ending_seats(**condition: object) -> Coalesce:
    """Answer, for a row of pools, how many of its seats end and meet the condition."""
    seats = Seat.objects.filter(
        workspace=OuterRef("workspace_id"), product=OuterRef("product_id"), ends_at__isnull=False, **condition
    )
    counted = seats.order_by().values("product_id").annotate(number=Count("*")).values("number")
    return Coalesce(Subquery(counted), 0)


def with_counts(pools: QuerySet[SeatPool]) -> QuerySet[SeatPool]:
    """Answer the pools with their product and with all that ``count_of`` needs, still one statement.

    The pools know how many seats there are, so that only those that end are looked at. Some of these are held, by live
    offers, and some count no more.
    """
    return pools.select_related("product").annotate(
        lapsed=_ending_seats(ends_at__lte=Now()), held=_ending_seats(held=True, ends_at__gt=Now())
    )


def pools_with_counts(workspace: Workspace) -> list[SeatPool]:
    """Return the workspace's pools with their product and all that ``count_of`` needs, by slug of the product."""
    return _pools_with_counts.read(workspace=workspace.id)


_pools_with_counts = Prepared(
    lambda workspace: with_counts(SeatPool.objects.filter(workspace=workspace).order_by("product__slug"))
)


def count_of(pool: SeatPool) -> SeatCount:
    """Answer how the seats of one of ``with_counts`` stood at that statement."""
    read = vars(pool)
    return SeatCount(pool.product, pool.purchased, pool.assigned - read["lapsed"] - read["held"], read["held"])


def counted(pools: QuerySet[SeatPool]) -> Iterator[tuple[uuid.UUID, SeatCount]]:
    """Answer how the seats of each pool stand at this moment, with the id of its workspace, in one statement."""
    for pool in with_counts(pools):
        yield pool.workspace_id, count_of(pool)


def seat_counts(workspace: Workspace) -> list[SeatCount]:
    """Answer how the seats of each product bought, or still held, stand at this moment, by slug of the product.

    One statement, whose cost does not grow with the workspace.
    """
    return [count_of(pool) for pool in pools_with_counts(workspace)]


def sellable_products(workspace: Workspace, slugs: Collection[str], field: str = "seats") -> list[Product]:
    """Answer the products with these slugs, of which seats may be given in this workspace.

    Raises:
        InvalidRequest: one is unknown, retired or not bought; all look alike.
    """
    if not slugs:
        return []
    pools = workspace.seat_pools.filter(product__slug__in=slugs, product__retired=False).select_related("product")
    found = {pool.product.slug: pool.product for pool in pools}
    if missing := [slug for slug in slugs if slug not in found]:
        message = _("The subscription has no product “%(slug)s”.") % {"slug": missing[0][:50]}
        raise InvalidRequest(message, field=field, code="unknown")
    return list(found.values())


class Room:
    """What is left of one pool under the workspace's lock: ``before``, and ``free`` as seats are reserved.

    Both count seats; below zero, so many more are taken than were bought.
    """

    def __init__(self, pool: SeatPool, lapsed: int) -> None:
        self.pool, self.product = pool, pool.product
        self.before = self.free = pool.purchased - pool.assigned + lapsed
        self.was_low = self.before <= low_water(pool.purchased)

    def refusal(self, wanted: int = 1) -> DomainError | None:
        """Answer why so many cannot be had, or None."""
        name = {"product": self.product.name, "over": -self.free}
        if self.free < 0:
            message = ngettext(
                "%(over)s more seat of %(product)s is taken than was bought: none can be given until it fits.",
                "%(over)s more seats of %(product)s are taken than were bought: none can be given until it fits.",
                -self.free,
            )
            return OverAssigned(message % name, product=self.product.slug, over_assigned=-self.free)
        if self.free < wanted:
            message = _("No seat of %(product)s is left.") % name
            return SeatsExhausted(message, product=self.product.slug, available=self.free)
        return None

    def reserve(self, wanted: int = 1) -> None:
        """Set so many aside for the caller, who makes the seats.

        Raises:
            SeatsExhausted, OverAssigned: ``product`` says of which, ``available`` or ``over_assigned`` how many.
        """
        if error := self.refusal(wanted):
            raise error
        self.free -= wanted

    @property
    def runs_low(self) -> bool:
        """Whether the last ones are being used since what was reserved or changed, and were not before."""
        return not self.was_low and self.pool.purchased > 0 and self.free <= low_water(self.pool.purchased)


def rooms(workspace: Workspace, products: Sequence[Product], wanted: int = 1) -> list[Room]:
    """Answer the room of each product for up to ``wanted`` seats, by slug.

    Lapsed seats are counted only where the answer could depend on them: two statements at most.
    """
    workspace.require_lock()
    if not products:
        return []
    pools = list(workspace.seat_pools.filter(product__in=products).select_related("product").order_by("product__slug"))
    near = [pool for pool in pools if pool.purchased - pool.assigned - wanted <= low_water(pool.purchased)]
    lapsed = _lapsed(workspace, near)
    return [Room(pool, lapsed.get(pool.product_id, 0)) for pool in pools]


def _lapsed(workspace: Workspace, pools: Sequence[SeatPool]) -> dict[uuid.UUID, int]:
    """Answer, by product, how many seats are with members whose end has passed: they count no more."""
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
    """Answer the live holders of the product's seats, those who were away longest (or never came) first."""
    holders = Membership.objects.live().filter(workspace=workspace, seats__workspace=workspace, seats__product=product)
    return holders.order_by(Coalesce("last_active_at", "created_at"), "id")
