"""Members in the REST API."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import WorkspaceResource
from members.access import Action, require
from members.api import ListQuery
from members.describing import described, page_of
from members.keyset import Order
from members.models import Membership, Role, Status, Workspace

STATUSES = {
    "invited": Q(status=Status.INVITED, expires_at__gt=Now()),
    "expired": Q(status=Status.INVITED, expires_at__lte=Now()),
    "active": Q(status=Status.ACTIVE) & (Q(expires_at=None) | Q(expires_at__gt=Now())),
    "lapsed": Q(status=Status.ACTIVE, expires_at__lte=Now()),
    "deactivated": Q(status=Status.DEACTIVATED),
}
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


class MembersQuery(ListQuery):
    """What the list can be narrowed to, and its order."""

    status = serializers.ChoiceField(choices=list(STATUSES), required=False)
    role = serializers.ChoiceField(choices=Role.choices, required=False)
    product = serializers.CharField(max_length=50, required=False, help_text="Who holds a seat of it: its slug.")
    q = serializers.CharField(
        max_length=200, allow_blank=True, default="", help_text="Beginnings of words in name or address."
    )
    sort = serializers.ChoiceField(choices=list(ORDERS), default="name")


class MemberShape(serializers.Serializer[Any]):
    """A person's place in the workspace."""

    id = serializers.UUIDField()
    user = serializers.UUIDField(allow_null=True, help_text="Null while invited.")
    email = serializers.EmailField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    status = serializers.ChoiceField(choices=list(STATUSES))
    seats = serializers.ListField(child=serializers.CharField())
    invitation = serializers.UUIDField(allow_null=True)
    joined_at = serializers.DateTimeField(allow_null=True)
    last_active_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


def rows(workspace: Workspace, words: str = "") -> QuerySet[Membership]:
    """Answer the workspace's members that match the words, with all that ``shown`` needs, in one statement."""
    seats = workspace.seats.filter(membership=OuterRef("pk")).order_by("product__slug")
    offers = workspace.invitations.filter(membership=OuterRef("pk"), status="pending")
    return (
        workspace.memberships.matching(workspace, words)
        .judged()
        .annotate(seats_=ArraySubquery(seats.values("product__slug")), offer_=Subquery(offers.values("id")[:1]))
    )


def shown(member: Any) -> dict[str, Any]:
    """Answer one of ``rows`` as the API writes it."""
    return {
        "id": member.id,
        "user": member.user_id,
        "email": member.email,
        "name": member.name,
        "role": member.role,
        "status": member.display_status,
        "seats": member.seats_,
        "invitation": member.offer_,
        "joined_at": member.joined_at,
        "last_active_at": member.last_active_at,
        "expires_at": member.expires_at,
    }


class Members(WorkspaceResource):
    """The people of the workspace."""

    @described("List members", page_of(MemberShape), query=MembersQuery)
    def get(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Everyone: invited, expired, active, lapsed and deactivated."""
        require(self.actor, Action.VIEW_MEMBERS)
        query = self.query(MembersQuery)
        found = rows(self.actor.workspace, query["q"])
        if "status" in query:
            found = found.filter(STATUSES[query["status"]])
        if "role" in query:
            found = found.filter(role=query["role"])
        if "product" in query:
            found = found.filter(seats__workspace=self.actor.workspace, seats__product__slug=query["product"])
        return self.listed(found, ORDERS[query["sort"]], query, shown)
