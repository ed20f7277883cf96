"""What a workspace buys: its plan, and how many seats of each product. Buying fewer takes nobody's seat away."""

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
    """Let through support staff, and customers where they change plan and seats themselves.

    Raises:
        PermissionDenied: support does it for them.
    """
    if actor.kind in {"user", "key"} and not settings.SELF_SERVICE_SEATS:
        raise PermissionDenied(_("Plan and seats of this workspace are changed by support. Write to them."))


def change_plan(actor: Actor, plan: str, renews_on: date | None = None) -> Subscription:
    """Put the workspace on another plan and answer its subscription; the plan it is on changes nothing.

    Invitations, members and seats stay as they are: what the plan does not include waits until one does.

    Raises:
        PermissionDenied
        InvalidRequest: unknown plan, or no reason of a staff member.
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
    """Answer which numbers of seats can be bought, in words."""
    return _("Enter a whole number from 0 to %(most)s.") % {"most": number_format(MAX_PURCHASE, force_grouping=True)}


@dataclass(frozen=True)
class Shown:
    """What whoever agreed was looking at: how many were bought, and how many more would be taken than bought after."""

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
    """Set how many seats of the product the workspace has bought, and answer its pool.

    Fewer than are taken is allowed: nobody loses a seat by it, and nothing more is given or held until it fits again.
    Only the members ``take_from`` names lose theirs, in the same transaction.

    Raises:
        PermissionDenied, NotFound
        PreconditionFailed: another number is bought by now, or more would be over-assigned than ``shown``.
        InvalidRequest: unknown product, more of a retired one, or not a number from 0 to a million.
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
            raise InvalidRequest(_("This product is sold no more."), field="product", code="retired")
        [budget] = seat_budgets(workspace, [product.slug], wanted=max(pool.purchased - purchased, 0))
        budget.free += _take(current, workspace, product, set(take_from))
        return _set_purchased(current, workspace, budget, purchased)


def _take(actor: Actor, workspace: Workspace, product: Product, member_ids: Collection[uuid.UUID]) -> int:
    """Take the product's seats of these members, as far as they have one; answer how many of the seats had counted.

    Raises:
        NotFound: one is not of this workspace.
    """
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
        message = _("This was changed since you looked. Nothing was done; here is how it stands now.")
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
