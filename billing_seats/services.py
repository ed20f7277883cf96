"""The only door to seats: whatever counts them locks the workspace first."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _

from billing_seats.models import Product, Seat, SeatPool, Subscription
from billing_seats.plans import FEATURES, Feature, Plan, plans_with
from members import audit
from members.access import Action, Actor, require
from members.errors import InvalidRequest, NotFound, OverAssigned, PermissionDenied, PlanRequired, SeatsExhausted
from members.models import SLUG, Membership, Role, Status, User, Workspace
from members.names import clean_name
from members.services import lock_member

MAX_PURCHASE = 1_000_000


@dataclass(frozen=True)
class SeatCount:
    """How the seats of one product stand in a workspace; every figure counts seats."""

    product: Product
    purchased: int
    in_use: int
    held: int

    @property
    def available(self) -> int:
        """How many can still be given or held."""
        return max(self.purchased - self.in_use - self.held, 0)

    @property
    def over_assigned(self) -> int:
        """How many more are taken than were bought."""
        return max(self.in_use + self.held - self.purchased, 0)


def open_workspace(user: User, *, name: str, slug: str) -> Workspace:
    """Answer a new workspace on the Free plan, with the user as its Admin.

    Raises:
        InvalidRequest: name or slug is not valid, or the slug is taken.
    """
    name = clean_name(name)
    try:
        SLUG(slug)
    except ValidationError as error:
        raise InvalidRequest(error.messages[0], field="slug") from None
    try:
        with transaction.atomic():
            workspace = Workspace.objects.create(name=name, slug=slug)
            Subscription.objects.create(workspace=workspace)
            Membership.objects.create(
                workspace=workspace,
                user=user,
                email=user.email,
                name=user.name,
                role=Role.ADMIN,
                status=Status.ACTIVE,
                joined_at=Now(),
            )
            who = Actor(kind="user", id=user.id, label=str(user), workspace=workspace, role=Role.ADMIN)
            audit.record(who, workspace.id, "workspace.created", workspace, {"slug": [None, slug]})
            user.last_workspace = workspace
            user.save(update_fields=["last_workspace"])
    except IntegrityError:
        raise InvalidRequest(_("This address is taken."), field="slug", code="taken") from None
    return workspace


def has_feature(workspace: Workspace, feature: Feature) -> bool:
    """Answer whether the workspace's plan includes the feature."""
    return feature in FEATURES[workspace.subscription.plan]


def require_feature(workspace: Workspace, feature: Feature) -> None:
    """Let through a workspace whose plan includes the feature.

    Raises:
        PlanRequired: it does not; ``plans`` names those that do.
    """
    if has_feature(workspace, feature):
        return
    plans = plans_with(feature)
    names = _(" and ").join(plan.label for plan in plans)
    message = _("This is available on the %(plans)s plans. Change the plan to use it.") % {"plans": names}
    raise PlanRequired(message, feature=str(feature), plans=[plan.value for plan in plans])


def _ending_seats(**condition: object) -> Coalesce:
    """Answer, for a row of pools, how many of its seats are with members who have an end and meet the condition."""
    seats = Seat.objects.filter(
        workspace=OuterRef("workspace_id"),
        product=OuterRef("product_id"),
        membership__workspace=OuterRef("workspace_id"),
        membership__expires_at__isnull=False,
        **condition,
    )
    counted = seats.order_by().values("product_id").annotate(number=Count("id")).values("number")
    return Coalesce(Subquery(counted), 0)


def seat_counts(workspace: Workspace) -> list[SeatCount]:
    """Answer how the seats of each product bought, or still held, stand at this moment, by slug of the product.

    One statement, whose cost does not grow with the workspace: the pools know how many seats there are, and only those
    of members with an end are looked at. Some of these are held, by live offers, and some count no more.
    """
    pools = workspace.seat_pools.select_related("product").order_by("product__slug")
    counted = pools.annotate(
        lapsed=_ending_seats(membership__expires_at__lte=Now()),
        held=_ending_seats(membership__status=Status.INVITED, membership__expires_at__gt=Now()),
    )
    return [
        SeatCount(pool.product, pool.purchased, pool.assigned - pool.lapsed - pool.held, pool.held) for pool in counted
    ]


def sellable_products(workspace: Workspace, slugs: Collection[str], field: str = "seats") -> list[Product]:
    """Answer the products with these slugs, of which seats may be given in this workspace.

    Raises:
        InvalidRequest: one is unknown, retired or not bought; all look alike.
    """
    pools = workspace.seat_pools.filter(product__slug__in=slugs, product__retired=False).select_related("product")
    found = {pool.product.slug: pool.product for pool in pools}
    if missing := [slug for slug in slugs if slug not in found]:
        message = _("The subscription has no product “%(slug)s”.") % {"slug": missing[0][:50]}
        raise InvalidRequest(message, field=field, code="unknown")
    return list(found.values())


def _taken_seats(workspace: Workspace, pool: SeatPool) -> int:
    """Answer how many seats of the pool are in use or held; the lapsed are looked at only when it is nearly full."""
    lapsed = Seat.objects.filter(
        workspace=workspace,
        product_id=pool.product_id,
        membership__workspace=workspace,
        membership__expires_at__isnull=False,
        membership__expires_at__lte=Now(),
    )
    return pool.assigned - lapsed.count()


def require_room(workspace: Workspace, products: Sequence[Product], wanted: int = 1) -> None:
    """Let through what fits: ``wanted`` seats of each product.

    Raises:
        SeatsExhausted: one has fewer left; ``product`` and ``available`` say which and how many.
    """
    workspace.require_lock()
    pools = workspace.seat_pools.filter(product__in=products).select_related("product") if products else ()
    for pool in pools:
        if pool.purchased - pool.assigned >= wanted:
            continue
        available = max(pool.purchased - _taken_seats(workspace, pool), 0)
        if available < wanted:
            message = _("No seat of %(product)s is left.") % {"product": pool.product.name}
            raise SeatsExhausted(message, product=pool.product.slug, available=available)


def room(workspace: Workspace, products: Sequence[Product]) -> dict[uuid.UUID, int]:
    """Answer how many seats of each product can still be taken, by product id."""
    workspace.require_lock()
    pools = workspace.seat_pools.filter(product__in=products)
    return {pool.product_id: max(pool.purchased - _taken_seats(workspace, pool), 0) for pool in pools}


def hold(workspace: Workspace, members: Iterable[Membership], products: Sequence[Product]) -> None:
    """Hold a seat of each product for each member; the caller checked that they fit."""
    workspace.require_lock()
    Seat.objects.bulk_create(
        [Seat(workspace=workspace, membership=member, product=product) for member in members for product in products]
    )


def release(workspace: Workspace, members: Iterable[Membership]) -> None:
    """Let go of every seat of these members."""
    workspace.require_lock()
    Seat.objects.filter(workspace=workspace, membership__in=members).delete()


@transaction.atomic
def give(actor: Actor, member_id: uuid.UUID, product_slug: str) -> Membership:
    """Give the member a seat, or hold one for an invitee, and answer them; one they have already changes nothing.

    Raises:
        PermissionDenied, PlanRequired, NotFound, SeatsExhausted
        InvalidRequest: the product cannot be given here, or the member is deactivated or past their end.
    """
    require(actor, Action.GIVE_SEAT)
    workspace = Workspace.objects.lock(actor.workspace.id)
    require_feature(workspace, Feature.INVITATIONS)
    member = lock_member(workspace, member_id)
    [product] = sellable_products(workspace, [product_slug], field="product")
    if Seat.objects.filter(workspace=workspace, membership=member, product=product).exists():
        return member
    if member.status == Status.DEACTIVATED or not Membership.objects.live().filter(id=member.id).exists():
        message = _("Only active members and live invitations can have seats.")
        raise InvalidRequest(message, field="product", code="member_not_live")
    require_room(workspace, [product])
    hold(workspace, [member], [product])
    audit.record(actor, workspace.id, "seat.given", member, {"seats": [None, product.slug]})
    return member


@transaction.atomic
def take(actor: Actor, member_id: uuid.UUID, product_slug: str) -> Membership:
    """Take the member's seat, or the one held for an invitee, and answer them; one they lack changes nothing.

    Raises:
        PermissionDenied, NotFound
    """
    require(actor, Action.TAKE_SEAT)
    workspace = Workspace.objects.lock(actor.workspace.id)
    member = lock_member(workspace, member_id)
    seats = Seat.objects.filter(workspace=workspace, membership=member, product__slug=product_slug)
    if seats.delete()[0]:
        audit.record(actor, workspace.id, "seat.taken", member, {"seats": [product_slug, None]})
    elif not workspace.seat_pools.filter(product__slug=product_slug).exists():
        raise NotFound
    return member


def _require_self_service(actor: Actor) -> None:
    if actor.kind == "user" and not settings.SELF_SERVICE_SEATS:
        raise PermissionDenied(_("Plan and seats of this workspace are changed by support. Write to them."))


@transaction.atomic
def change_plan(actor: Actor, plan: str, renews_on: date | None = None) -> Subscription:
    """Put the workspace on another plan and answer its subscription.

    Raises:
        PermissionDenied
        InvalidRequest: unknown plan, or no reason of a staff member.
    """
    require(actor, Action.CHANGE_SUBSCRIPTION)
    _require_self_service(actor)
    if plan not in Plan.values:
        raise InvalidRequest(field="plan", code="unknown")
    workspace = Workspace.objects.lock(actor.workspace.id)
    subscription = workspace.subscription
    changes = {"plan": [subscription.plan, plan]}
    subscription.plan = plan
    if renews_on is not None:
        changes["renews_on"] = [str(subscription.renews_on or ""), str(renews_on)]
        subscription.renews_on = renews_on
    subscription.save(update_fields=["plan", "renews_on"])
    audit.record(actor, workspace.id, "subscription.changed", workspace, changes)
    return subscription


@transaction.atomic
def resize(actor: Actor, product_slug: str, purchased: int) -> SeatPool:
    """Set how many seats of the product the workspace has bought and answer its pool.

    Raises:
        PermissionDenied
        OverAssigned: fewer than are in use or held.
        InvalidRequest: unknown product, or not a number from 0 to a million.
    """
    require(actor, Action.CHANGE_SUBSCRIPTION)
    _require_self_service(actor)
    if not 0 <= purchased <= MAX_PURCHASE:
        message = _("Enter a whole number from 0 to %(most)s.") % {"most": MAX_PURCHASE}
        raise InvalidRequest(message, field="purchased", code="out_of_range")
    product = Product.objects.filter(slug=product_slug).first()
    if product is None:
        raise InvalidRequest(field="product", code="unknown")
    workspace = Workspace.objects.lock(actor.workspace.id)
    pool, _created = SeatPool.objects.get_or_create(workspace=workspace, product=product)
    taken = _taken_seats(workspace, pool)
    if purchased < min(taken, pool.purchased):
        raise OverAssigned(product=product.slug, over_assigned=taken - purchased)
    before = pool.purchased
    SeatPool.objects.filter(id=pool.id).update(purchased=purchased)
    audit.record(actor, workspace.id, "subscription.changed", workspace, {product.slug: [before, purchased]})
    pool.refresh_from_db()
    return pool


def openable_products(actor: Actor) -> list[Product]:
    """Answer the products the actor may open now: those they hold a seat of."""
    if actor.membership is None:
        return []
    return list(
        Product.objects.filter(
            id__in=Seat.objects.filter(workspace=actor.workspace, membership=actor.membership).values("product_id")
        ).order_by(F("slug"))
    )
