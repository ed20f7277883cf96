"""What an Admin does about an address that cannot be reached: another one, or another try."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from billing_seats.plans import Feature, require_feature
from billing_seats.services import renew
from invitations import tasks
from invitations.delivery.deliveries import invitation_mail
from invitations.inviting import standing
from invitations.limits import HELD, Allowance
from invitations.models import Invitation, InvitationStatus
from invitations.services import copy_terms, lock_pending, seats_of
from members import audit
from members.access import Action, Actor, require
from members.acting import acting
from members.addresses import canonical
from members.clock import database_now
from members.errors import InvalidRequest
from members.models import Membership, Workspace


def fix_address(actor: Actor, invitation_id: uuid.UUID, email: str) -> Invitation:
    """Revoke a pending invitation and invite another address on its terms, in one step; answer the new invitation.

    Role and seats pass over: a seat that is held stays so even where none is free. The old link is dead.

    Raises:
        PermissionDenied, PlanRequired, NotFound, InvitationNotPending
        InvalidRequest: not an address, or the one that the invitation has.
        AlreadyMember, AlreadyInvited, Undeliverable, RateLimited: of the new address.
        SeatsExhausted, OverAssigned: the offer had expired, and a seat that it held is gone.
    """
    require(actor, Action.INVITE)
    require(actor, Action.REVOKE)
    email = canonical(email)
    with acting(actor, Action.INVITE, Action.REVOKE) as current:
        workspace = current.workspace
        require_feature(workspace, Feature.INVITATIONS)
        old, member = lock_pending(workspace, invitation_id)
        allowance = Allowance(current, workspace, [email])
        now = allowance.now
        _require_another(workspace, member, email, now)
        allowance.require(email)
        if member.expires_at is not None and member.expires_at <= now:
            renew(workspace, member)
        new = _moved(current, old, member, email, now)
        audit.record(current, workspace.id, "invitation.revoked", old, {"status": ["pending", "revoked"]})
        offered: dict[str, list[Any]] = {
            "role": [None, new.role],
            "seats": [[], new.product_slugs],
            "email": [old.email, email],
        }
        audit.record(current, workspace.id, "invitation.created", new, offered)
        transaction.on_commit(tasks.nudge, robust=True)
        return new


def _require_another(workspace: Workspace, member: Membership, email: str, now: datetime) -> None:
    if email == member.email:
        raise InvalidRequest(_("This is the address that the invitation has."), field="email", code="unchanged")
    other = workspace.memberships.filter(email=email).first()
    if error := standing(other, now, lapsed_too=True):
        raise error


def _moved(actor: Actor, old: Invitation, member: Membership, email: str, now: datetime) -> Invitation:
    """End the old invitation and let its member, who keeps the seats, be the new one's."""
    copy_terms(old, member, seats_of(member))
    old.status, old.revoked_at, old.membership = InvitationStatus.REVOKED, now, None
    old.save()
    member.email, member.expires_at = email, now + timedelta(days=old.days)
    member.save()
    new = Invitation(
        workspace_id=old.workspace_id,
        membership=member,
        email=email,
        role=old.role,
        product_slugs=old.product_slugs,
        sent_at=now,
        created_at=now,
        days=old.days,
        expires_at=member.expires_at,
        language=old.language,
        note=old.note,
        invited_by_type=actor.kind,
        invited_by_id=actor.id,
        invited_by_name=actor.name,
        last_sender_type=actor.kind,
        last_sender_id=actor.id,
    )
    new.save(force_insert=True)
    invitation_mail(new).save(force_insert=True)
    return new


def release_address(actor: Actor, email: str) -> None:
    """Let mail of this workspace go to an address again that was held back: until the next bounce or complaint.

    Raises:
        PermissionDenied
        InvalidRequest: not an address, or not one that is held back.
    """
    require(actor, Action.INVITE)
    email = canonical(email)
    with acting(actor, Action.INVITE) as current:
        workspace = current.workspace
        held = workspace.deliveries.filter(HELD, recipient=email)
        last = held.select_related("invitation").order_by("-created_at").first()
        if last is None:
            raise InvalidRequest(_("This address is not held back."), field="email", code="not_held")
        held.update(released_at=database_now())
        audit.record(
            current, workspace.id, "invitation.address_released", last.invitation, {"held": [last.outcome, None]}
        )
