"""Invitations in the REST API."""

import uuid
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import WorkspaceResource
from billing_seats.models import Seat
from invitations import services
from invitations.api_schemas import STATUSES, InvitationEdits, InvitationShape, InvitationsQuery, NewInvitation
from invitations.bulk_api import invitee_of
from invitations.inviting import invite_each
from invitations.models import Delivery, Invitation, InvitationStatus, last_mail, suppressed
from members.access import Action, require
from members.errors import (
    AlreadyInvited,
    AlreadyMember,
    DomainError,
    InvitationNotPending,
    NotFound,
    OverAssigned,
    SeatsExhausted,
    Undeliverable,
)
from members.models import Workspace
from members.rest.describe import described, page_of
from members.rest.pagination import Order
from members.rest.resource import STORED_REFUSALS, Nothing
from members.status import IS_EXPIRED

NEWEST_FIRST = Order("newest", "created_at", descending=True, timed=True)
OLDEST_CHANGE_FIRST = Order("changed", "updated_at", timed=True)


def queryset(workspace: Workspace) -> QuerySet[Invitation]:
    """Return the workspace's invitations with all that ``to_json`` needs, in one statement."""
    return _queryset().filter(workspace=workspace)


@cache
def _queryset() -> QuerySet[Invitation]:
    """Return all invitations so; never read, only narrowed: to build this takes longer than to run it."""
    seats = Seat.objects.filter(workspace=OuterRef("workspace_id"), membership=OuterRef("membership_id"))
    return Invitation.objects.annotate(
        is_expired=IS_EXPIRED,
        role_=F("membership__role"),
        held_=ArraySubquery(seats.order_by("product__slug").values("product__slug")),
        mail_=last_mail("pk"),
        suppressed_=suppressed("email"),
    )


def to_json(invitation: Any) -> dict[str, Any]:
    """Return one of ``queryset`` as the API writes it; while it is pending, role and seats are its member's."""
    pending = invitation.status == InvitationStatus.PENDING and invitation.role_ is not None
    return {
        "id": invitation.id,
        "email": invitation.email,
        "role": invitation.role_ if pending else invitation.role,
        "seats": invitation.held_ if pending else sorted(invitation.product_slugs),
        "status": invitation.display_status,
        "member": invitation.membership_id,
        "invited_by": {
            "type": invitation.invited_by_type,
            "id": invitation.invited_by_id,
            "name": invitation.invited_by_name,
        },
        "locale": invitation.language or settings.LANGUAGE_CODE,
        "sent_count": invitation.sent_count,
        "delivery": _mail(invitation.mail_),
        "suppressed": invitation.suppressed_,
        "external_id": invitation.external_id or None,
        "metadata": invitation.metadata,
        "created_at": invitation.created_at,
        "updated_at": invitation.updated_at,
        "expires_at": invitation.expires_at,
        "accepted_at": invitation.accepted_at,
        "revoked_at": invitation.revoked_at,
        "declined_at": invitation.declined_at,
    }


def _as_written(invitation: Any, mail: Delivery) -> Any:
    """Return an invitation that was just sent as one of ``queryset``: what was written is not read again."""
    invitation.role_, invitation.held_ = invitation.role, sorted(invitation.product_slugs)
    invitation.is_expired = invitation.suppressed_ = False
    invitation.mail_ = {"state": mail.state, "outcome": mail.outcome, "at": mail.created_at.isoformat()}
    return invitation


def _mail(read: dict[str, str] | None) -> dict[str, Any] | None:
    return read and {"status": read["outcome"] or read["state"], "at": datetime.fromisoformat(read["at"])}


class InvitationResource(WorkspaceResource):
    """The base of resources that return one invitation."""

    volatile = frozenset({"delivery", "suppressed"})

    def one(self, invitation: uuid.UUID) -> dict[str, Any]:
        """Return the invitation as it is now, or raise NotFound if it is not of this workspace."""
        row = next(iter(queryset(self.actor.workspace).filter(id=invitation)), None)
        if row is None:
            raise NotFound
        return to_json(row)


class Invitations(InvitationResource):
    """The workspace's invitations."""

    @described("List invitations", page_of(InvitationShape), query=InvitationsQuery)
    def get(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Newest first; with `updated_since`, the oldest change first."""
        require(self.actor, Action.VIEW_MEMBERS)
        query = self.query(InvitationsQuery)
        found, order = queryset(self.actor.workspace), NEWEST_FIRST
        if "status" in query:
            found = found.filter(STATUSES[query["status"]])
        if "email" in query:
            found = found.filter(email=query["email"])
        if "external_id" in query:
            found = found.filter(~Q(external_id=""), external_id=query["external_id"])  # the index's own condition
        if "updated_since" in query:
            found, order = found.filter(updated_at__gte=query["updated_since"]), OLDEST_CHANGE_FIRST
        return self.listed(found, order, query, to_json)

    @described(
        "Invite someone",
        InvitationShape,
        status=201,
        body=NewInvitation,
        refuses=[AlreadyMember, AlreadyInvited, Undeliverable, SeatsExhausted, OverAssigned],
    )
    def post(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Invite one address, or renew its expired invitation with the new values."""
        require(self.actor, Action.INVITE)
        (result,) = invite_each(self.actor, [invitee_of(self.body(NewInvitation))])
        if result.error is not None or result.mail is None:
            return self._refused(result.error or NotFound())
        return Response(to_json(_as_written(result.invitation, result.mail)), 201)

    def _refused(self, error: DomainError) -> Response:
        """Return the refusal. Raised under an Idempotency-Key, it would roll back the notice to the Admins."""
        if error.status not in STORED_REFUSALS:
            raise error
        return self.handle_exception(error)


class OneInvitation(InvitationResource):
    """An invitation."""

    changing = Action.EDIT_INVITATION

    @described("Show an invitation", InvitationShape)
    def get(self, request: Request, workspace: str, invitation: uuid.UUID) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """One invitation, whatever became of it."""
        require(self.actor, Action.VIEW_MEMBERS)
        return Response(self.one(invitation))

    @described(
        "Edit an invitation",
        InvitationShape,
        body=InvitationEdits,
        refuses=[InvitationNotPending, SeatsExhausted, OverAssigned],
    )
    def patch(self, request: Request, workspace: str, invitation: uuid.UUID) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Change role, seats, expiry or labels of a pending invitation: all or nothing. Its link stays."""
        require(self.actor, Action.EDIT_INVITATION)
        edits: Any = self.body(InvitationEdits)
        services.edit(self.actor, invitation, edits)
        return Response(self.one(invitation))


class Resending(InvitationResource):
    """Sending an invitation anew."""

    @described(
        "Resend an invitation",
        InvitationShape,
        refuses=[InvitationNotPending, Undeliverable, SeatsExhausted, OverAssigned],
    )
    def post(self, request: Request, workspace: str, invitation: uuid.UUID) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """A new link and a new expiry; the old link is dead. Works on expired invitations."""
        self.body(Nothing)
        services.resend(self.actor, invitation)
        return Response(self.one(invitation))


class Revocation(InvitationResource):
    """The end of an invitation."""

    @described("Revoke an invitation", InvitationShape, refuses=[InvitationNotPending])
    def post(self, request: Request, workspace: str, invitation: uuid.UUID) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """The link is dead and its seats are free. Works on expired invitations."""
        self.body(Nothing)
        services.revoke(self.actor, invitation)
        return Response(self.one(invitation))
