"""Pending invitations: resend, revoke, edit. What the invitee does is in join/services.py."""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from billing_seats.budgets import seat_budgets, sellable_products
from billing_seats.lifecycle import undo
from billing_seats.lifecycle.services import change_role, give, take
from billing_seats.models import Seat, UndoableChange
from billing_seats.plans import Feature, require_feature
from billing_seats.services import hold, release, renew
from invitations import limits, offers
from invitations.inviting import InviteResult
from invitations.models import DAYS, Delivery, Invitation, InvitationStatus
from invitations.offers import Offer
from members import audit
from members.access import Action, Actor, system_actor
from members.acting import acting
from members.clock import database_now
from members.errors import DomainError, InvalidRequest, InvitationNotPending, NotFound
from members.models import Membership, Workspace
from members.names import clean_external_id, clean_metadata

KEPT_FOR = timedelta(days=30)
"""How long the seats of an expired offer stay with it, though they count no more."""

type _Service = Callable[[Actor, uuid.UUID], Invitation]


def lock_pending(workspace: Workspace, invitation_id: uuid.UUID) -> Offer:
    """Return the pending offer with member and invitation locked; the workspace is locked already."""
    offer = offers.lock(workspace, invitation_id)
    if offer is None:
        raise InvitationNotPending if workspace.invitations.filter(id=invitation_id).exists() else NotFound
    return offer


def resend(actor: Actor, invitation_id: uuid.UUID) -> Invitation:
    """Send the invitation again and return it: the old link stops working, and the expiry starts anew."""
    with acting(actor, Action.RESEND) as current:
        workspace = current.workspace
        require_feature(workspace, Feature.INVITATIONS)
        offer = lock_pending(workspace, invitation_id)
        invitation, member = offer.invitation, offer.membership
        allowance = limits.Allowance(current, workspace, [invitation.email])
        limits.require_pause(invitation, allowance.now)
        allowance.require(invitation.email)
        seats: dict[str, list[Any]] = hold_again(workspace, member) if offer.expired else {}
        before, ends = member.expires_at, allowance.now + timedelta(days=invitation.days)
        member.expires_at = invitation.expires_at = ends
        member.save(update_fields=["expires_at", "seats_before"])
        invitation.generation += 1
        invitation.sent_count += 1
        invitation.sent_at = allowance.now
        invitation.last_sender_type, invitation.last_sender_id = current.kind, current.id
        invitation.save()
        Delivery.of_invitation(invitation).save(force_insert=True)
        changes = {**seats, "expires_at": [str(before), str(ends)]}
        audit.record(current, workspace.id, "invitation.resent", invitation, changes)
        Delivery.objects.send_on_commit()
        return invitation


def revoke(actor: Actor, invitation_id: uuid.UUID) -> Invitation:
    """Revoke the invitation and return it: its link stops working and its seats are free."""
    with acting(actor, Action.REVOKE) as current:
        offer = lock_pending(current.workspace, invitation_id)
        end(offer, InvitationStatus.REVOKED)
        changes = {"status": ["pending", "revoked"]}
        audit.record(current, current.workspace.id, "invitation.revoked", offer.invitation, changes)
        return offer.invitation


def revoke_undoably(actor: Actor, invitation_id: uuid.UUID) -> tuple[Invitation, UndoableChange]:
    """Revoke as ``revoke`` does; return the invitation, and what ``restore`` takes back."""
    with transaction.atomic():
        place = Membership.objects.filter(workspace=actor.workspace, invitation_set=invitation_id)
        name = place.values_list("name", flat=True).first() or ""
        invitation = revoke(actor, invitation_id)
        assert invitation.revoked_at is not None  # noqa: S101 -- it has just been set; this tells mypy
        return invitation, undo.keep(actor, invitation.id, invitation.revoked_at, {"name": name})


def restore(actor: Actor, change_id: uuid.UUID) -> Invitation:
    """Make a revoked invitation pending again, for its actor, and send it under a new link.

    Raises:
        PermissionDenied, PlanRequired, RateLimited, Undeliverable
        InvalidRequest: too late, or the invitation, or its address, has changed since.
    """
    kept = undo.find(actor, change_id)
    with acting(actor, Action.INVITE) as current:
        workspace = current.workspace
        require_feature(workspace, Feature.INVITATIONS)
        undo.claim(kept)
        revoked = workspace.invitations.select_for_update(no_key=True)
        invitation = revoked.filter(id=kept.member_id, status="revoked", revoked_at=kept.version).first()
        if invitation is None or workspace.memberships.filter(email=invitation.email).exists():
            raise undo.changed_since()
        allowance = limits.Allowance(current, workspace, [invitation.email])
        allowance.require(invitation.email)
        _reopen(current, invitation, kept.inverse["name"], allowance.now)
        Delivery.of_invitation(invitation).save(force_insert=True)
        Delivery.objects.send_on_commit()
        return invitation


def _reopen(current: Actor, invitation: Invitation, name: str, now: datetime) -> None:
    """Give the invitee their row back, with those of the seats that are still free, and the invitation a new link."""
    ends = max(invitation.expires_at, now + timedelta(days=1))
    member = Membership(
        workspace=current.workspace,
        email=invitation.email,
        name=name,
        role=invitation.role,
        status="invited",
        expires_at=ends,
        external_id=invitation.external_id,
        metadata=invitation.metadata,
    )
    member.save(force_insert=True)
    seats = undo.seats_again(current, member, invitation.product_slugs)
    invitation.status, invitation.revoked_at = InvitationStatus.PENDING, None
    invitation.membership, invitation.expires_at, invitation.sent_at = member, ends, now
    invitation.generation += 1
    invitation.sent_count += 1
    invitation.last_sender_type, invitation.last_sender_id = current.kind, current.id
    invitation.save()
    changes: dict[str, list[Any]] = {"status": ["revoked", "pending"], "seats": [[], seats]}
    audit.record(current, current.workspace.id, "invitation.restored", invitation, changes)


def resend_each(actor: Actor, invitation_ids: Sequence[uuid.UUID]) -> list[InviteResult]:
    """Resend each invitation and return a result for each, in the order given; if one isn't found, resend none."""
    with acting(actor, Action.RESEND) as current:
        require_feature(current.workspace, Feature.INVITATIONS)
        emails = _addresses(current.workspace, invitation_ids)
        return [_attempt(resend, current, one, emails[one]) for one in invitation_ids]


def revoke_each(actor: Actor, invitation_ids: Sequence[uuid.UUID]) -> list[InviteResult]:
    """Revoke each invitation and return a result for each, in the order given; if one isn't found, revoke none."""
    with acting(actor, Action.REVOKE) as current:
        emails = _addresses(current.workspace, invitation_ids)
        return [_attempt(revoke, current, one, emails[one]) for one in invitation_ids]


def _addresses(workspace: Workspace, invitation_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    found = dict(workspace.invitations.filter(id__in=invitation_ids).values_list("id", "email"))
    if len(found) != len(set(invitation_ids)):
        raise NotFound
    return found


def _attempt(service: _Service, actor: Actor, invitation_id: uuid.UUID, email: str) -> InviteResult:
    try:
        with transaction.atomic():
            return InviteResult(email, service(actor, invitation_id))
    except DomainError as error:
        return InviteResult(email, error=error)


def hold_again(workspace: Workspace, member: Membership) -> dict[str, list[Any]]:
    """Hold the seats of an expired offer again; its member is locked, and about to get a later end and be saved.

    Return for the audit log which seats there were and are, if some are of products that were retired meanwhile.
    """
    before, after = renew(workspace, member)
    if member.seats_before:
        sold = workspace.seat_pools.filter(product__slug__in=member.seats_before, product__retired=False)
        budgets = seat_budgets(workspace, sold.values_list("product__slug", flat=True))
        for budget in budgets:
            budget.reserve()
        hold(workspace, [member], budgets)
        before, after = before + member.seats_before, after + [budget.product.slug for budget in budgets]
        member.seats_before = []
    return {"seats": [sorted(before), sorted(after)]} if len(after) < len(before) else {}


def release_expired_seats() -> int:
    """Free the seats of offers that expired a month ago, which no longer count, and return how many.

    The invitation keeps which they were: a resend holds them again.
    """
    old = Seat.objects.filter(held=True, ends_at__lt=Now() - KEPT_FOR)
    taken = 0
    for workspace in Workspace.objects.filter(id__in=old.values("workspace")):
        with acting(system_actor(workspace), Action.TAKE_SEAT) as current:
            seats = list(old.filter(workspace=workspace).select_related("membership", "product"))
            members = {seat.membership_id: seat.membership for seat in seats}
            for member in members.values():
                member.seats_before = sorted(seat.product.slug for seat in seats if seat.membership_id == member.id)
                member.save(update_fields=["seats_before"])
            release(current.workspace, list(members.values()))
            taken += len(seats)
    return taken


class Edits(TypedDict, total=False):
    """What can be edited at once; ``seats`` are the slugs of all products to hold seats of."""

    role: str
    seats: Collection[str]
    expires_at: datetime
    external_id: str
    metadata: Mapping[str, str]


def edit(actor: Actor, invitation_id: uuid.UUID, edits: Edits) -> None:
    """Make all of these changes to a live offer, or raise and make none. An expired one can only be resent."""
    with acting(actor, Action.EDIT_INVITATION) as current:
        offer = lock_pending(current.workspace, invitation_id)
        if offer.expired:
            raise InvitationNotPending(_("This invitation has expired. Resend it instead."))
        if "role" in edits:
            change_role(current, offer.membership.id, edits["role"])
        if "seats" in edits:
            _replace_seats(current, offer, set(edits["seats"]))
        if "expires_at" in edits:
            _move_end(current, offer, edits["expires_at"])
        if "external_id" in edits or "metadata" in edits:
            _label(current, offer, edits)


def extend(actor: Actor, invitation_id: uuid.UUID, days: int) -> None:
    """Let a live offer expire so many days from now, 1 to 30, under the same link."""
    edit(actor, invitation_id, {"expires_at": database_now() + timedelta(days=days)})


def _replace_seats(actor: Actor, offer: Offer, wanted: set[str]) -> None:
    held = set(offer.held_slugs)
    sellable_products(actor.workspace, sorted(wanted - held))
    for slug in sorted(held - wanted):
        take(actor, offer.membership.id, slug)
    for slug in sorted(wanted - held):
        give(actor, offer.membership.id, slug)


def _move_end(actor: Actor, offer: Offer, ends: datetime) -> None:
    invitation, member = offer.invitation, offer.membership
    if not offer.read_at < ends <= offer.read_at + timedelta(days=DAYS[-1]):
        message = _("Choose a time within the next %(most)s days.") % {"most": DAYS[-1]}
        raise InvalidRequest(message, field="expires_at", code="out_of_range")
    before = offer.expires_at
    if ends == before:
        return
    if ends > before:
        require_feature(actor.workspace, Feature.INVITATIONS)
    member.expires_at = invitation.expires_at = ends
    member.save(update_fields=["expires_at"])
    invitation.save(update_fields=["expires_at"])
    changes = {"expires_at": [before.isoformat(), ends.isoformat()]}
    audit.record(actor, invitation.workspace_id, "invitation.extended", invitation, changes)


def _label(actor: Actor, offer: Offer, edits: Edits) -> None:
    invitation, member = offer.invitation, offer.membership
    before = {"external_id": invitation.external_id, "metadata": invitation.metadata}
    external_id = clean_external_id(edits.get("external_id", invitation.external_id))
    metadata = clean_metadata(edits.get("metadata", invitation.metadata))
    after = {"external_id": external_id, "metadata": metadata}
    changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if not changes:
        return
    for row in (invitation, member):
        row.external_id, row.metadata = external_id, metadata
        row.save(update_fields=["external_id", "metadata"])
    audit.record(actor, invitation.workspace_id, "invitation.labelled", invitation, changes)


def end(offer: Offer, status: InvitationStatus) -> None:
    """End a locked pending offer without anyone joining: copy its terms and delete its member."""
    invitation = offer.invitation
    copy_terms(offer)
    invitation.status = status
    setattr(invitation, f"{status}_at", offer.read_at)
    invitation.save()
    offer.membership.delete()
    invitation.membership_id = None


def copy_terms(offer: Offer) -> None:
    """Copy role, seats, end and labels from the member to the invitation."""
    invitation, member = offer.invitation, offer.membership
    invitation.role, invitation.product_slugs = member.role, offer.held_slugs
    invitation.external_id, invitation.metadata = member.external_id, member.metadata
    if member.expires_at is not None:
        invitation.expires_at = member.expires_at
