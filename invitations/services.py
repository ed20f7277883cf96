"""Offers while they are open: invite, resend, revoke. What the invitee does with them is in joining.py."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import batched

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from billing_seats.budgets import sellable_products
from billing_seats.models import Seat
from billing_seats.plans import Feature, require_feature
from billing_seats.services import renew
from invitations import limits, offers, tasks
from invitations.delivery.deliveries import invitation_mail
from invitations.inviting import Answer, Batch, Terms
from invitations.models import Delivery, Invitation, InvitationStatus
from members import audit
from members.access import Action, Actor, require
from members.acting import acting
from members.addresses import canonical
from members.clock import database_now
from members.errors import InvalidRequest, InvitationNotPending, NotFound
from members.models import Membership, Role, Workspace
from members.outbox.queue import State

CHUNK = 100
"""Addresses per transaction: a lock is held for tens of milliseconds, not for the whole of a long list."""
MAX_ADDRESSES = 1_000
DAYS = range(1, 31)
NOTE_LENGTH = 500


def invite(  # noqa: PLR0913 -- the offer's terms, each named by the caller
    actor: Actor,
    emails: Sequence[str],
    *,
    role: str = Role.MEMBER,
    products: Sequence[str] = (),
    language: str = "",
    note: str = "",
    days: int = 7,
    dry_run: bool = False,
) -> list[Answer]:
    """Invite each address and answer each in the order given; what can be sent is sent.

    ``emails`` are as typed, ``products`` slugs, ``days`` until the offers expire. A hundred addresses at a time are
    committed under one lock of the workspace. A ``dry_run`` only judges: it writes nothing, and holds the lock for as
    long as a few reads take; an invitation that it answers was there before, or was never saved.

    Raises:
        PermissionDenied, PlanRequired
        InvalidRequest: the terms are not valid, or there are no or too many addresses.
    """
    require(actor, Action.INVITE)
    require_feature(actor.workspace, Feature.INVITATIONS)
    note = _checked(emails, role, language, note, days)
    answers = [_read(text) for text in emails]
    valid = list(dict.fromkeys(answer.email for answer in answers if answer.done))
    told: dict[str, Answer] = {}
    for chunk in batched(valid, MAX_ADDRESSES if dry_run else CHUNK):
        with acting(actor, Action.INVITE) as current:
            workspace = current.workspace
            require_feature(workspace, Feature.INVITATIONS)
            offered = sellable_products(workspace, list(dict.fromkeys(products)))
            terms = Terms(role=role, products=offered, language=language, note=note, days=days)
            batch = Batch(current, workspace, terms, chunk)
            told |= {row.email: row for row in (batch.judge() if dry_run else batch.invite())}
    if not dry_run:
        # Once for all chunks: a broker that is away may cost a request one wait, not one a chunk.
        transaction.on_commit(tasks.nudge, robust=True)
    return [told.get(answer.email, answer) if answer.done else answer for answer in answers]


def _read(text: str) -> Answer:
    try:
        return Answer(canonical(text))
    except InvalidRequest as error:
        return Answer(text, error=error)


def _checked(emails: Sequence[str], role: str, language: str, note: str, days: int) -> str:
    if not emails:
        raise InvalidRequest(_("Enter an email address."), field="email", code="required")
    if len(emails) > MAX_ADDRESSES:
        message = _("Invite at most %(most)s addresses at once.") % {"most": MAX_ADDRESSES}
        raise InvalidRequest(message, field="email", code="too_many")
    if role not in Role.values:
        raise InvalidRequest(_("Choose Admin, Member or Billing."), field="role", code="unknown")
    if language and language not in dict(settings.LANGUAGES):
        raise InvalidRequest(_("Choose one of the languages offered."), field="locale", code="unknown")
    if days not in DAYS:
        raise InvalidRequest(_("Choose 1 to 30 days."), field="expires_in_days", code="out_of_range")
    if len(note) > NOTE_LENGTH or "\x00" in note:
        message = _("Write at most %(most)s characters of plain text.") % {"most": NOTE_LENGTH}
        raise InvalidRequest(message, field="message", code="max_length")
    return note.strip()


def lock_pending(workspace: Workspace, invitation_id: uuid.UUID) -> tuple[Invitation, Membership]:
    """Answer the invitation and its member, both locked in the house's order; the workspace is locked already.

    Raises:
        NotFound: not in this workspace.
        InvitationNotPending: it has come to an end.
    """
    offer = offers.lock(workspace, invitation_id)
    if offer is None:
        raise InvitationNotPending if workspace.invitations.filter(id=invitation_id).exists() else NotFound
    return offer.invitation, offer.membership


def resend(actor: Actor, invitation_id: uuid.UUID) -> Invitation:
    """Send the invitation again under a new link and answer it; the old link is dead, the expiry starts anew.

    Raises:
        PermissionDenied, PlanRequired, NotFound, InvitationNotPending
        Undeliverable: earlier mail to the address came back or was unwelcome, and no Admin has released it.
        RateLimited: sent less than a minute ago, or too much mail today.
        SeatsExhausted: it had expired, and a seat that it held is gone.
    """
    with acting(actor, Action.RESEND) as current:
        workspace = current.workspace
        require_feature(workspace, Feature.INVITATIONS)
        invitation, member = lock_pending(workspace, invitation_id)
        allowance = limits.Allowance(current, workspace, [invitation.email])
        now = allowance.now
        limits.pause(invitation, now)
        allowance.require(invitation.email)
        if member.expires_at is not None and member.expires_at <= now:
            renew(workspace, member)
        before, ends = member.expires_at, now + timedelta(days=invitation.days)
        member.expires_at = invitation.expires_at = ends
        member.save(update_fields=["expires_at"])
        invitation.generation += 1
        invitation.sent_count += 1
        invitation.sent_at = now
        invitation.last_sender_type, invitation.last_sender_id = current.kind, current.id
        invitation.save()
        invitation_mail(invitation).save(force_insert=True)
        changes = {"expires_at": [str(before), str(ends)]}
        audit.record(current, workspace.id, "invitation.resent", invitation, changes)
        transaction.on_commit(tasks.nudge, robust=True)
        return invitation


def retry_delivery(actor: Actor, delivery_id: uuid.UUID) -> Delivery:
    """Queue the failed email of a pending invitation once more, with the same link, and answer it.

    Raises:
        PermissionDenied, PlanRequired, NotFound, InvitationNotPending
        InvalidRequest: it has not failed, or its link is dead.
        RateLimited: sent less than a minute ago.
    """
    with acting(actor, Action.RESEND) as current:
        workspace = current.workspace
        require_feature(workspace, Feature.INVITATIONS)
        delivery = workspace.deliveries.filter(id=delivery_id).first()
        if delivery is None:
            raise NotFound
        invitation, member = lock_pending(workspace, delivery.invitation_id)
        now = database_now()
        if delivery.generation != invitation.generation or (member.expires_at is not None and member.expires_at <= now):
            raise InvalidRequest(_("The link of this email is dead. Resend the invitation instead."))
        limits.pause(invitation, now)
        if not workspace.deliveries.filter(id=delivery_id, state=State.FAILED).release():
            raise InvalidRequest(_("This email has not failed."))
        invitation.sent_at = now
        invitation.last_sender_type, invitation.last_sender_id = current.kind, current.id
        invitation.save()
        audit.record(
            current, workspace.id, "invitation.mail_retried", invitation, {"error_code": [delivery.error_code, ""]}
        )
        transaction.on_commit(tasks.nudge, robust=True)
        return workspace.deliveries.get(id=delivery_id)


def revoke(actor: Actor, invitation_id: uuid.UUID) -> None:
    """End the offer: its link is dead, its seats are free, its row leaves the members.

    Raises:
        PermissionDenied, NotFound, InvitationNotPending
    """
    with acting(actor, Action.REVOKE) as current:
        workspace = current.workspace
        invitation, member = lock_pending(workspace, invitation_id)
        end(invitation, member, InvitationStatus.REVOKED, database_now())
        audit.record(current, workspace.id, "invitation.revoked", invitation, {"status": ["pending", "revoked"]})


def end(invitation: Invitation, member: Membership, status: InvitationStatus, now: datetime) -> None:
    """End a locked pending invitation without anyone joining: what its member ruled is copied, the member goes."""
    copy_terms(invitation, member, seats_of(member))
    invitation.status = status
    setattr(invitation, f"{status}_at", now)
    invitation.save()
    member.delete()
    invitation.membership_id = None


def copy_terms(invitation: Invitation, member: Membership, product_slugs: list[str]) -> None:
    """Copy onto the invitation what its member ruled while it was pending."""
    invitation.role, invitation.product_slugs = member.role, product_slugs
    if member.expires_at is not None:
        invitation.expires_at = member.expires_at


def seats_of(member: Membership) -> list[str]:
    """Answer of which products the member has seats, by slug."""
    return sorted(Seat.objects.of(member).values_list("product__slug", flat=True))
