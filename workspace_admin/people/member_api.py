"""One member in the REST API."""

import uuid
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import WorkspaceResource
from billing_seats.lifecycle import services
from billing_seats.lifecycle.changes import MemberChanges
from members.access import Action, require
from members.errors import LastAdmin, MemberInvited, NotFound, OverAssigned, SeatsExhausted
from members.models import Role, Status
from members.rest.describe import described
from members.rest.fields import ExternalId, Metadata, Timestamp
from members.rest.resource import Strict
from workspace_admin.people.api import MemberShape, gone, seats_gone, to_json
from workspace_admin.people.queries import api_rows


class MemberPatch(Strict):
    """What to change: all of it is done, or nothing."""

    role = serializers.ChoiceField(choices=Role.choices, required=False)
    status = serializers.ChoiceField(choices=[Status.ACTIVE.value, Status.DEACTIVATED.value], required=False)
    expires_at = Timestamp(required=False, allow_null=True, help_text="When the access ends; null for never.")
    external_id = ExternalId(required=False)
    metadata = Metadata(required=False)


class ChangedMember(MemberShape):
    """A member after a change."""

    seats_gone = seats_gone()


class OneMember(WorkspaceResource):
    """A person's place in the workspace."""

    changing = Action.CHANGE_ROLE
    volatile = frozenset({"last_active_at", "seats_gone"})

    def one(self, member: uuid.UUID) -> dict[str, Any]:
        """Return the member as they are now, or raise NotFound."""
        row = api_rows(self.actor.workspace).filter(id=member).first()
        if row is None:
            raise NotFound
        return to_json(row)

    @described("Show a member", MemberShape)
    def get(self, request: Request, workspace: str, member: uuid.UUID) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Role, status and seats as they are in force."""
        require(self.actor, Action.VIEW_MEMBERS)
        return Response(self.one(member))

    @described(
        "Change a member",
        ChangedMember,
        body=MemberPatch,
        refuses=[MemberInvited, LastAdmin, SeatsExhausted, OverAssigned],
    )
    def patch(self, request: Request, workspace: str, member: uuid.UUID) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Change role, status, end date, `external_id` and `metadata`: all that is given, or nothing.

        Reactivated members get their former seats back, as far as some are left; `seats_gone` names the others. For an
        invitee, only `role` can be changed.
        """
        require(self.actor, Action.CHANGE_ROLE)
        result = services.change_member(self.actor, member, MemberChanges(**self.body(MemberPatch)))
        return Response(self.one(member) | gone(result))

    @described("Remove a member", None, status=204, refuses=[MemberInvited, LastAdmin])
    def delete(self, request: Request, workspace: str, member: uuid.UUID) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Access ends at the next request, and the seats become available. Revoke an invitee's invitation instead."""
        services.remove(self.actor, member)
        return Response(status=204)
