"""What an Admin can do about mail that doesn't arrive: correct the address, try again, or stop suppressing."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from billing_seats.plans import Feature, require_feature
from invitations import limits
from invitations.inviting import why_not_invitable
from invitations.models import Delivery, Invitation, InvitationStatus, Kind
from invitations.offers import Offer
from invitations.services import copy_terms, hold_again, lock_pending
from members import audit
from members.access import Action, Actor, require
from members.acting import acting
from members.addresses import canonical
from members.clock import database_now
from members.errors import InvalidRequest, NotFound
from members.models import Membership, Workspace
from members.outbox.queue import State


def fix_address(actor: Actor, invitation_id: uuid.UUID, email: str) -> Invitation:
    """Revoke a pending invitation and invite another address on its terms, in one step; return the new invitation.

    Its role and seats are passed on: a seat that is held stays held even if none is free. The old link stops working.
    """
    require(actor, Action.INVITE)
    require(actor, Action.REVOKE)
    email = canonical(email)
    with acting(actor, Action.INVITE, Action.REVOKE) as current:
        workspace = current.workspace
        require_feature(workspace, Feature.INVITATIONS)
        offer = lock_pending(workspace, invitation_id)
        allowance = limits.Allowance(current, workspace, [email])
        _require_another(workspace, offer.membership, email, allowance.now)
        allowance.require(email)
        seats = hold_again(workspace, offer.membership) if offer.expired else {}
        new = _moved(current, offer, email, allowance.now)
        old = offer.invitation
        audit.record(current, workspace.id, "invitation.revoked", old, {"status": ["pending", "revoked"], **seats})
        offered: dict[str, list[Any]] = {
            "role": [None, new.role],
            "seats": [[], new.product_slugs],
            "email": [old.email, email],
        }
        audit.record(current, workspace.id, "invitation.created", new, offered)
        Delivery.objects.send_on_commit()
        return new


def _require_another(workspace: Workspace, member: Membership, email: str, now: datetime) -> None:
    if email == member.email:
        message = _("The invitation already has this email address.")
        raise InvalidRequest(message, field="email", code="unchanged")
    other = workspace.memberships.filter(email=email).first()
    if error := why_not_invitable(other, now, even_expired=True):
        raise error


def _moved(actor: Actor, offer: Offer, email: str, now: datetime) -> Invitation:
    """End the old invitation and give its member, who keeps the seats, to the new one."""
    old, member = offer.invitation, offer.membership
    copy_terms(offer)
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
        external_id=old.external_id,
        metadata=old.metadata,
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
    Delivery.of_invitation(new).save(force_insert=True)
    return new


def retry_delivery(actor: Actor, invitation_id: uuid.UUID) -> None:
    """Queue the latest email of a pending invitation again, with the same link, if it failed."""
    with acting(actor, Action.RESEND) as current:
        workspace = current.workspace
        require_feature(workspace, Feature.INVITATIONS)
        offer = lock_pending(workspace, invitation_id)
        invitation = offer.invitation
        if offer.expired:
            raise InvalidRequest(_("The link in this email has expired. Resend the invitation instead."))
        failed = workspace.deliveries.filter(
            invitation=invitation, generation=offer.generation, kind=Kind.INVITATION, state=State.FAILED
        )
        error_code = failed.values_list("error_code", flat=True).first()
        if error_code is None:
            raise InvalidRequest(_("This email has not failed."))
        limits.require_pause(invitation, offer.read_at)
        limits.require_reachable(workspace, invitation.email)
        failed.release()
        invitation.sent_at = offer.read_at
        invitation.last_sender_type, invitation.last_sender_id = current.kind, current.id
        invitation.save()
        audit.record(current, workspace.id, "invitation.mail_retried", invitation, {"error_code": [error_code, ""]})
        Delivery.objects.send_on_commit()


def release_address(actor: Actor, email: str) -> None:
    """Stop suppressing an address in the actor's workspace, until the next bounce or complaint."""
    require(actor, Action.INVITE)
    email = canonical(email)
    with acting(actor, Action.INVITE) as current:
        suppressing = current.workspace.deliveries.suppressing().filter(recipient=email)
        last = suppressing.select_related("invitation").order_by("-created_at").first()
        if last is None:
            raise InvalidRequest(_("This email address is not suppressed."), field="email", code="not_held")
        suppressing.update(released_at=database_now())
        changes = {"held": [last.outcome, None]}
        audit.record(current, current.workspace.id, "invitation.address_released", last.invitation, changes)


def release_for(actor: Actor, invitation_id: uuid.UUID) -> None:
    """Stop suppressing the address of an invitation, as ``release_address`` does."""
    require(actor, Action.INVITE)
    invitation = actor.workspace.invitations.filter(id=invitation_id).first()
    if invitation is None:
        raise NotFound
    release_address(actor, invitation.email)
