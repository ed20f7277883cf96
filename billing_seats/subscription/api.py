"""What a workspace has bought, in the REST API."""

from typing import Any

from django.db.models import F, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import WorkspaceResource
from billing_seats.budgets import count_of, idle_first, with_counts
from billing_seats.lifecycle.services import MAX_MEMBERS
from billing_seats.models import Plan, Product, SeatPool, Subscription
from billing_seats.subscription.previews import LISTED
from billing_seats.subscription.services import MAX_PURCHASE, require_self_service, resize
from members.access import Action, require
from members.errors import NotFound
from members.models import Membership, Status, Workspace
from members.rest.bulk import rolled_back
from members.rest.describe import described, page_of
from members.rest.fields import BoundedList, Id, StrictBoolean, StrictInteger
from members.rest.pagination import Order
from members.rest.resource import ListQuery, Strict

BY_PRODUCT = Order("product", "slug_")


class SubscriptionShape(serializers.Serializer[Any]):
    """A workspace's plan."""

    plan = serializers.ChoiceField(choices=Plan.choices)
    status = serializers.ChoiceField(choices=Subscription.Status.choices, help_text="The state of payment.")
    renewal = serializers.DateField(allow_null=True, help_text="The day on which it renews.")


class SeatCountShape(serializers.Serializer[Any]):
    """How the seats of one product stand at this moment."""

    product = serializers.CharField(help_text="The product's slug.")
    name = serializers.CharField(help_text="The product's name.")
    purchased = serializers.IntegerField()
    in_use = serializers.IntegerField(help_text="With members whose access has not ended.")
    held = serializers.IntegerField(help_text="By invitations that are pending and not expired.")
    available = serializers.IntegerField(help_text="How many can still be given or held.")
    over_assigned = serializers.IntegerField(help_text="How many more are taken than were bought.")


class HolderShape(serializers.Serializer[Any]):
    """Somebody of whom a seat could be taken."""

    member = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=[Status.ACTIVE.value, Status.INVITED.value])
    last_active_at = serializers.DateTimeField(allow_null=True)


class ChangedSeatsShape(SeatCountShape):
    """How the seats stand then."""

    holders = HolderShape(
        many=True,
        required=False,
        help_text="With `dry_run`: the first hundred of whom seats could be taken for it to fit, away longest first.",
    )


class Purchase(Strict):
    """How many seats shall be bought; fewer than are taken is allowed, and nobody loses theirs by it."""

    purchased = StrictInteger(min_value=0, max_value=MAX_PURCHASE)
    take_from = BoundedList(
        child=Id(),
        max_length=MAX_MEMBERS,
        default=list,
        help_text="Ids of members whose seats are taken in the same step; nobody else loses one.",
    )
    dry_run = StrictBoolean(default=False, help_text="Answers how it would be, and changes nothing.")


def queryset(workspace: Workspace) -> QuerySet[SeatPool]:
    """Return the workspace's pools with everything ``to_json`` needs, in one statement."""
    return with_counts(workspace.seat_pools.all()).annotate(slug_=F("product__slug"))


def to_json(pool: SeatPool) -> dict[str, Any]:
    """Return one of ``queryset`` as the API represents it."""
    count = count_of(pool)
    return {
        "product": count.product.slug,
        "name": count.product.name,
        "purchased": count.purchased,
        "in_use": count.in_use,
        "held": count.held,
        "available": count.available,
        "over_assigned": count.over_assigned,
    }


class WorkspaceSubscription(WorkspaceResource):
    """The plan of a workspace."""

    @described("Show the subscription", SubscriptionShape)
    def get(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Plan, how payment stands, and when it renews."""
        require(self.actor, Action.VIEW_SUBSCRIPTION)
        here = self.actor.workspace.subscription
        return Response({"plan": here.plan, "status": here.status, "renewal": here.renews_on})


class WorkspaceSeats(WorkspaceResource):
    """The seats that a workspace has bought."""

    @described("List seats by product", page_of(SeatCountShape), query=ListQuery)
    def get(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """By slug of the product."""
        require(self.actor, Action.VIEW_SUBSCRIPTION)
        return self.listed(queryset(self.actor.workspace), BY_PRODUCT, self.query(ListQuery), to_json)


class ProductSeats(WorkspaceResource):
    """The seats of one product that a workspace has bought."""

    changing = Action.CHANGE_SUBSCRIPTION

    @described("Show the seats of a product", SeatCountShape)
    def get(self, request: Request, workspace: str, product: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Seats bought, in use, held and available; 404 if none was ever bought."""
        require(self.actor, Action.VIEW_SUBSCRIPTION)
        pool = queryset(self.actor.workspace).filter(product__slug=product).first()
        if pool is None:
            raise NotFound
        return Response(to_json(pool))

    @described("Change the seats bought", ChangedSeatsShape, body=Purchase)
    def patch(self, request: Request, workspace: str, product: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Buy so many seats of the product instead, where customers do that themselves.

        With fewer than are taken nobody loses a seat: `over_assigned` says how many more there are, and none is given
        or held until usage is within the limit. `dry_run` shows this first, with members whose seats could be removed.
        """
        require(self.actor, Action.CHANGE_SUBSCRIPTION)
        require_self_service(self.actor)
        asked = self.body(Purchase)
        if not Product.objects.filter(slug=product).exists():
            raise NotFound
        if asked["dry_run"]:
            return Response(rolled_back(lambda: self._bought(product, asked, holders=True)))
        return Response(self._bought(product, asked))

    def _bought(self, slug: str, asked: dict[str, Any], *, holders: bool = False) -> dict[str, Any]:
        """Buy so many and answer how they stand then, with ``holders`` whose seats could be taken for it to fit."""
        workspace = self.actor.workspace
        resize(self.actor, slug, asked["purchased"], take_from=asked["take_from"])
        pool = queryset(workspace).get(product__slug=slug)
        answer = to_json(pool)
        if holders:
            found = idle_first(workspace, pool.product)[:LISTED] if answer["over_assigned"] else ()
            answer["holders"] = [_holder(member) for member in found]
        return answer


def _holder(member: Membership) -> dict[str, Any]:
    return {
        "member": member.id,
        "email": member.email,
        "name": member.name,
        "status": member.status,
        "last_active_at": member.last_active_at,
    }
