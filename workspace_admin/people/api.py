"""Members in the REST API."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import WorkspaceResource
from billing_seats.lifecycle.changes import MemberResult
from members.access import Action, require
from members.models import Role
from members.names import MAX_EXTERNAL_ID
from members.rest.describe import described, page_of
from members.rest.fields import AddressInQuery, Text, Timestamp
from members.rest.resource import ListQuery, Strict
from members.status import MEMBER_STATUSES
from workspace_admin.people import queries
from workspace_admin.people.filters import EMAIL_STATES
from workspace_admin.people.queries import ORDERS, Shape


class MemberFilter(Strict):
    """Which members: those to whom all of this applies."""

    status = serializers.ChoiceField(choices=list(MEMBER_STATUSES), required=False)
    role = serializers.ChoiceField(choices=Role.choices, required=False)
    product = Text(max_length=50, required=False, help_text="Slug of a product they have a seat of.")
    without_product = Text(max_length=50, required=False, help_text="Slug of a product they have no seat of.")
    last_active_before = Timestamp(required=False, help_text="Joined, and last active before this time or never.")
    email_state = serializers.ChoiceField(
        choices=EMAIL_STATES, required=False, help_text="Invitees whose last email came to this."
    )
    email = AddressInQuery(max_length=1000, required=False)
    external_id = Text(max_length=MAX_EXTERNAL_ID, required=False)
    updated_since = Timestamp(
        required=False,
        help_text="Only who changed at or after this time; `last_active_at` does not count. Overlap calls by a "
        "minute: changes appear in the order in which they are committed.",
    )
    q = Text(max_length=200, allow_blank=True, default="", help_text="Beginnings of words in name or email address.")


class MembersQuery(MemberFilter, ListQuery):
    """Filters and order of the list."""

    sort = serializers.ChoiceField(choices=list(ORDERS), default="name")


class MemberShape(serializers.Serializer[Any]):
    """A person's place in the workspace."""

    id = serializers.UUIDField()
    user = serializers.UUIDField(allow_null=True, help_text="Null while invited.")
    email = serializers.EmailField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    status = serializers.ChoiceField(choices=list(MEMBER_STATUSES))
    seats = serializers.ListField(child=serializers.CharField())
    invitation = serializers.UUIDField(allow_null=True)
    external_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())
    joined_at = serializers.DateTimeField(allow_null=True)
    last_active_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()


def to_json(member: Any) -> dict[str, Any]:
    """Return a row of the list as the API represents it."""
    return {
        "id": member.id,
        "user": member.user_id,
        "email": member.email,
        "name": member.name,
        "role": member.role,
        "status": member.shown_status,
        "seats": member.seats_,
        "invitation": member.pending_invitation,
        "external_id": member.external_id or None,
        "metadata": member.metadata,
        "joined_at": member.joined_at,
        "last_active_at": member.last_active_at,
        "expires_at": member.expires_at,
        "updated_at": member.updated_at,
    }


def seats_gone() -> serializers.ListField:
    """Return the field for former seats that did not come back."""
    about = "Slugs of former seats that did not come back because none was left. Absent if there are none."
    return serializers.ListField(child=serializers.CharField(), required=False, help_text=about)


def gone(result: MemberResult) -> dict[str, list[str]]:
    """Return the seats that did not come back, if any, as the API writes them."""
    return {"seats_gone": list(result.seats_gone)} if result.seats_gone else {}


class Members(WorkspaceResource):
    """The people of the workspace."""

    @described("List members", page_of(MemberShape), query=MembersQuery)
    def get(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Everyone: invited, expired, active, lapsed and deactivated. Filters go together, with any `sort`."""
        require(self.actor, Action.VIEW_MEMBERS)
        query = self.query(MembersQuery)
        page = queries.find(self.actor.workspace, query, Shape.API)
        return self.paged(page, query, to_json, lambda: queries.count(self.actor.workspace, query))
