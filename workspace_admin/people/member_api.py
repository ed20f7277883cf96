"""One member in the REST API."""

import uuid
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import WorkspaceResource
from billing_seats.lifecycle.editing import change
from members import services
from members.access import Action, require
from members.errors import LastAdmin, MemberInvited, NotFound, OverAssigned, SeatsExhausted
from members.models import Role, Status
from members.rest.describe import described
from members.rest.fields import Timestamp
from members.rest.resource import Strict
from workspace_admin.people.api import MemberShape, shown
from workspace_admin.people.roster import rows


class MemberChanges(Strict):
    """What is changed: all of it, or nothing."""

    role = serializers.ChoiceField(choices=Role.choices, required=False)
    status = serializers.ChoiceField(choices=[Status.ACTIVE.value, Status.DEACTIVATED.value], required=False)
    expires_at = Timestamp(required=False, allow_null=True, help_text="When the access ends; null for never.")


class OneMember(WorkspaceResource):
    """A person's place in the workspace."""

    changing = Action.CHANGE_ROLE
    volatile = frozenset({"last_active_at"})

    def one(self, member: uuid.UUID) -> dict[str, Any]:
        """Answer the member as they stand now.

        Raises:
            NotFound: not of this workspace.
        """
        row = rows(self.actor.workspace).filter(id=member).first()
        if row is None:
            raise NotFound
        return shown(row)

    @described("Show a member", MemberShape)
    def get(self, request: Request, workspace: str, member: uuid.UUID) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Role, status and seats as they are in force."""
        require(self.actor, Action.VIEW_MEMBERS)
        return Response(self.one(member))

    @described(
        "Change a member",
        MemberShape,
        body=MemberChanges,
        refuses=[MemberInvited, LastAdmin, SeatsExhausted, OverAssigned],
    )
    def patch(self, request: Request, workspace: str, member: uuid.UUID) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Change role, status and end date: all that is given, or nothing.

        Who is reactivated gets the seats again that they had, as far as some are left. An invitee takes `role` only.
        """
        require(self.actor, Action.CHANGE_ROLE)
        changes: Any = self.body(MemberChanges)
        change(self.actor, member, changes)
        return Response(self.one(member))

    @described("Remove a member", None, status=204, refuses=[MemberInvited, LastAdmin])
    def delete(self, request: Request, workspace: str, member: uuid.UUID) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Access ends at the next request, and the seats are free. An invitee's invitation is revoked instead."""
        services.remove(self.actor, member)
        return Response(status=204)
