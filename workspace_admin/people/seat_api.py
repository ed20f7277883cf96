"""A member's seats in the REST API."""

import uuid
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import WorkspaceResource
from billing_seats.lifecycle import services
from billing_seats.models import Seat
from members.access import Action, Actor, require
from members.errors import NotFound, OverAssigned, SeatsExhausted
from members.rest.describe import described, page_of
from members.rest.pagination import Order
from members.rest.resource import ListQuery, Nothing

BY_PRODUCT = Order("product", "slug_")


class SeatShape(serializers.Serializer[Any]):
    """One licence for one product; an invitee's is held for them."""

    product = serializers.CharField(help_text="The product's slug.")
    name = serializers.CharField(help_text="The product's name.")
    given_at = serializers.DateTimeField()


def queryset(actor: Actor, member: uuid.UUID) -> QuerySet[Seat]:
    """Return the member's seats with everything ``to_json`` needs.

    Raises:
        NotFound: not a member of this workspace.
    """
    if not actor.workspace.memberships.filter(id=member).exists():
        raise NotFound
    return actor.workspace.seats.filter(membership=member).annotate(slug_=F("product__slug"), name_=F("product__name"))


def to_json(seat: Any) -> dict[str, Any]:
    """Return one of ``queryset`` as the API represents it."""
    return {"product": seat.slug_, "name": seat.name_, "given_at": seat.created_at}


class MemberSeats(WorkspaceResource):
    """The seats of one member."""

    @described("List seats of a member", page_of(SeatShape), query=ListQuery)
    def get(self, request: Request, workspace: str, member: uuid.UUID) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """By slug of the product; an invitee's are held."""
        require(self.actor, Action.VIEW_MEMBERS)
        query = self.query(ListQuery)
        return self.listed(queryset(self.actor, member), BY_PRODUCT, query, to_json)


class MemberSeat(WorkspaceResource):
    """A member's seat of one product."""

    @described("Give a seat", SeatShape, refuses=[SeatsExhausted, OverAssigned])
    def put(self, request: Request, workspace: str, member: uuid.UUID, product: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Give a seat, or hold one for an invitee; one that they have already changes nothing."""
        self.body(Nothing)
        require(self.actor, Action.GIVE_SEAT)
        theirs = queryset(self.actor, member).filter(product__slug=product)
        seat = theirs.first()
        if seat is None:
            self._require_sold(product)
            with transaction.atomic():
                services.give(self.actor, member, product)
                seat = theirs.get()
        return Response(to_json(seat))

    def _require_sold(self, product: str) -> None:
        """Let through a product of which this workspace can give seats; to the path, any other does not exist."""
        if not self.actor.workspace.seat_pools.filter(product__slug=product, product__retired=False).exists():
            raise NotFound

    @described("Take a seat", None, status=204)
    def delete(self, request: Request, workspace: str, member: uuid.UUID, product: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Take the seat back; it is free at once. One that they lack changes nothing."""
        services.take(self.actor, member, product)
        return Response(status=204)
