"""A pending offer edited: its role, its seats and its end."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TypedDict

from django.utils.translation import gettext as _

from billing_seats.budgets import sellable_products
from billing_seats.lifecycle.services import change_role, give, take
from billing_seats.models import Seat
from billing_seats.plans import Feature, require_feature
from invitations.models import Invitation
from invitations.services import DAYS, lock_pending
from members import audit
from members.access import Action, Actor
from members.acting import acting
from members.clock import database_now
from members.errors import InvalidRequest, InvitationNotPending
from members.models import Membership, Workspace


class Edits(TypedDict, total=False):
    """What can be edited at once; ``seats`` are slugs of all the products that shall be held."""

    role: str
    seats: Collection[str]
    expires_at: datetime


def edit(actor: Actor, invitation_id: uuid.UUID, edits: Edits) -> None:
    """Make all of these changes to a live offer, or none.

    Raises:
        PermissionDenied, NotFound, PlanRequired, SeatsExhausted, OverAssigned
        InvitationNotPending: it has come to an end, or has expired: it can be resent.
        InvalidRequest: unknown role or product, or an end that has passed or is more than 30 days away.
    """
    with acting(actor, Action.EDIT_INVITATION) as current:
        workspace = current.workspace
        invitation, member = lock_pending(workspace, invitation_id)
        now = database_now()
        if member.expires_at is None or member.expires_at <= now:
            raise InvitationNotPending(_("This invitation has expired. Resend it instead."))
        if "role" in edits:
            change_role(current, member.id, edits["role"])
        if "seats" in edits:
            _replace_seats(current, workspace, member, set(edits["seats"]))
        if "expires_at" in edits:
            _move_end(current, invitation, member, edits["expires_at"], now)


def extend(actor: Actor, invitation_id: uuid.UUID, days: int) -> None:
    """Let a live offer end so many days from now: from 1 to 30. Its link stays as it is.

    Raises:
        PermissionDenied, NotFound, PlanRequired, InvitationNotPending, InvalidRequest
    """
    edit(actor, invitation_id, {"expires_at": database_now() + timedelta(days=days)})


def _replace_seats(actor: Actor, workspace: Workspace, member: Membership, wanted: set[str]) -> None:
    held = set(Seat.objects.of(member).values_list("product__slug", flat=True))
    sellable_products(workspace, sorted(wanted - held))
    for slug in sorted(held - wanted):
        take(actor, member.id, slug)
    for slug in sorted(wanted - held):
        give(actor, member.id, slug)


def _move_end(actor: Actor, invitation: Invitation, member: Membership, ends: datetime, now: datetime) -> None:
    if not now < ends <= now + timedelta(days=DAYS[-1]):
        message = _("Choose a moment within the next %(most)s days.") % {"most": DAYS[-1]}
        raise InvalidRequest(message, field="expires_at", code="out_of_range")
    before = member.expires_at
    if before is None or ends == before:
        return
    if ends > before:
        require_feature(invitation.workspace, Feature.INVITATIONS)
    member.expires_at = invitation.expires_at = ends
    member.save(update_fields=["expires_at"])
    invitation.save(update_fields=["expires_at"])
    changes = {"expires_at": [before.isoformat(), ends.isoformat()]}
    audit.record(actor, invitation.workspace_id, "invitation.extended", invitation, changes)
