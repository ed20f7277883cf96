"""What a workspace buys: its plan, and seats of each product. Reducing them takes nobody's seat."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from billing_seats.budgets import SeatBudget, counted, seat_budgets
from billing_seats.models import Product, Seat, SeatPool, Subscription
from billing_seats.notices import notify_admins
from billing_seats.plans import Plan
from members import audit
from members.access import Action, Actor, require
from members.acting import acting
from members.clock import database_now
from members.errors import InvalidRequest, NotFound, PermissionDenied, PreconditionFailed
from members.models import AuditEvent, Workspace

MAX_PURCHASE = 1_000_000


def require_self_service(actor: Actor) -> None:
    """Raise PermissionDenied for customers if only support may change plan and seats."""
    if actor.kind in {"user", "key"} and not settings.SELF_SERVICE_SEATS:
        raise PermissionDenied(_("The plan and seats are managed by support. Contact them to make changes."))


def change_plan(actor: Actor, plan: str, renews_on: date | None = None) -> Subscription:
    """Change the workspace's plan and return its subscription.

    Invitations, members and seats stay: what the plan doesn't include is on hold until one does.
    """
    require(actor, Action.CHANGE_SUBSCRIPTION)
    require_self_service(actor)
    if plan not in Plan.values:
        raise InvalidRequest(field="plan", code="unknown")
    with acting(actor, Action.CHANGE_SUBSCRIPTION) as current:
        workspace = current.workspace
        subscription = workspace.subscription
        changes = {"plan": [subscription.plan, plan]} if plan != subscription.plan else {}
        subscription.plan = plan
        if renews_on is not None:
            changes["renews_on"] = [str(subscription.renews_on or ""), str(renews_on)]
            subscription.renews_on = renews_on
        if changes:
            subscription.save(update_fields=["plan", "renews_on"])
            audit.record(current, workspace.id, "subscription.changed", workspace, changes)
        return subscription


def out_of_range() -> str:
    """Return, in words, which numbers of seats can be bought."""
    return _("Enter a whole number from 0 to %(most)s.") % {"most": number_format(MAX_PURCHASE, force_grouping=True)}


@dataclass(frozen=True)
class Shown:
    """What a confirmed preview showed: seats bought before, seats over the limit after."""

    purchased: int
    over_assigned: int


def resize(
    actor: Actor,
    product_slug: str,
    purchased: int,
    *,
    take_from: Collection[uuid.UUID] = (),
    shown: Shown | None = None,
) -> SeatPool:
    """Set how many seats of the product the workspace has bought, and return its pool.

    Fewer than are taken is allowed: nobody loses a seat, and none can be assigned until usage is within the limit.
    Only the members in ``take_from`` lose theirs, in the same transaction. Raise PreconditionFailed if the number
    bought has changed since it was ``shown``, or more seats would be over the limit.
    """
    actions = [Action.CHANGE_SUBSCRIPTION, *([Action.TAKE_SEAT] if take_from else [])]
    for action in actions:
        require(actor, action)
    require_self_service(actor)
    if not 0 <= purchased <= MAX_PURCHASE:
        raise InvalidRequest(out_of_range(), field="purchased", code="out_of_range")
    product = Product.objects.filter(slug=product_slug).first()
    if product is None:
        raise InvalidRequest(_("There is no product of this name."), field="product", code="unknown")
    with acting(actor, *actions) as current:
        workspace = current.workspace
        pool, _created = SeatPool.objects.get_or_create(workspace=workspace, product=product)
        if shown is not None:
            _require_as_shown(pool, purchased, shown)
        if product.retired and purchased > pool.purchased:
            raise InvalidRequest(_("This product is no longer sold."), field="product", code="retired")
        [budget] = seat_budgets(workspace, [product.slug], wanted=max(pool.purchased - purchased, 0))
        budget.free += _take(current, workspace, product, set(take_from))
        return _set_purchased(current, workspace, budget, purchased)


def _take(actor: Actor, workspace: Workspace, product: Product, member_ids: Collection[uuid.UUID]) -> int:
    """Remove the product's seats from these members; return how many of the seats had counted."""
    if not member_ids:
        return 0
    members = list(workspace.memberships.select_for_update(no_key=True).filter(id__in=member_ids).order_by("id"))
    if len(members) != len(member_ids):
        raise NotFound
    seats = Seat.objects.filter(workspace=workspace, membership__in=member_ids, product=product)
    ends, now = dict(seats.values_list("membership_id", "ends_at")), database_now()
    seats.delete()
    changes: dict[str, list[Any]] = {"seats": [product.slug, None]}
    taken = [audit.event(actor, workspace.id, "seat.taken", one, changes) for one in members if one.id in ends]
    AuditEvent.objects.bulk_create(taken)
    return sum(end is None or end > now for end in ends.values())


def _require_as_shown(pool: SeatPool, purchased: int, shown: Shown) -> None:
    count = next(count for _workspace, count in counted(SeatPool.objects.filter(id=pool.id)))
    over = max(count.taken - purchased, 0)
    if count.purchased != shown.purchased or over > shown.over_assigned:
        message = _("This has changed since you opened it. Nothing was done; here is the current state.")
        raise PreconditionFailed(message)


def _set_purchased(actor: Actor, workspace: Workspace, budget: SeatBudget, purchased: int) -> SeatPool:
    pool, before = budget.pool, budget.pool.purchased
    if before == purchased:
        return pool
    budget.free += purchased - before
    pool.purchased = purchased
    pool.save(update_fields=["purchased"])
    notify_admins(workspace, [budget])
    audit.record(actor, workspace.id, "subscription.changed", workspace, {pool.product.slug: [before, purchased]})
    pool.refresh_from_db()
    return pool
