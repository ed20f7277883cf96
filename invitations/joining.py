"""What an invitee does with an offer: accept, decline, ask for a new link. Each takes the offer that a token proved."""

import uuid

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext as _

from billing_seats.plans import Feature, require_feature
from invitations import tasks
from invitations.deliveries import notices
from invitations.models import Delivery, Invitation, InvitationStatus, Kind
from invitations.offers import Offer, account_for, may_still_offer
from invitations.services import copy_terms, end, lock_pending
from members import audit
from members.access import Actor
from members.clock import database_now
from members.errors import AlreadyMember, InvitationNotPending, PermissionDenied
from members.models import Membership, Status, User, Workspace
from members.names import clean_name, fold


def accept(offer: Offer, user: User) -> Membership:
    """Let the signed-in person in and answer their membership: active, without end, with the seats that were held.

    Raises:
        PermissionDenied: the offer is another address's, or its sender may no longer make it.
        PlanRequired, AlreadyMember
        InvitationNotPending: ended, expired, or sent again since the offer was shown.
    """
    if user.email != offer.email or not user.email_verified:
        raise _for_another()
    with transaction.atomic():
        return _join(offer, user)


def accept_as_new_person(offer: Offer, *, name: str, password: str, language: str) -> User:
    """Make the account that the link proves, let it in, and answer it.

    An account whose address was never verified counts as none: its name, password and sessions are replaced.

    Raises:
        PermissionDenied: a verified account exists: its owner signs in instead.
        InvalidRequest: not a name; and what ``accept`` raises.
    """
    name, hashed = clean_name(name), make_password(password)
    with transaction.atomic():
        # Ask for the lock before touching the account: two submissions of one form then find the same truth.
        Workspace.objects.lock(offer.workspace.id)
        _locked(offer)
        if account_for(offer.email) is not None:
            raise PermissionDenied(_("There is an account for this address. Sign in to join."))
        user, _created = User.objects.update_or_create(
            email=offer.email, defaults={"name": name, "password": hashed, "language": language}
        )
        EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
        EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
        _join(offer, user)
    return user


def _locked(offer: Offer) -> tuple[Workspace, Invitation, Membership]:
    """Answer workspace, invitation and member locked, if the offer is still the latest sending and open."""
    workspace = Workspace.objects.lock(offer.workspace.id)
    invitation, member = lock_pending(workspace, offer.invitation.id)
    if invitation.generation != offer.generation:
        raise InvitationNotPending(_("A newer invitation was sent. Use the link in the latest email."))
    return workspace, invitation, member


def _join(offer: Offer, user: User) -> Membership:
    workspace, invitation, member = _locked(offer)
    require_feature(workspace, Feature.INVITATIONS)
    if not may_still_offer(invitation, member.role):
        raise PermissionDenied(_("The person who sent this invitation may no longer offer this role."))
    if workspace.memberships.filter(user=user).exists():
        raise AlreadyMember
    copy_terms(invitation, member)
    now = database_now()
    became = {
        "status": Status.ACTIVE,
        "user": user,
        "name": user.name,
        "sort_name": fold(user.name or user.email),
        "expires_at": None,
        "joined_at": now,
        "last_active_at": now,
    }
    if not Membership.objects.invited().filter(id=member.id).update(**became):
        raise InvitationNotPending(_("This invitation has expired. Ask for a new link."))
    for field, value in became.items():
        setattr(member, field, value)
    invitation.status, invitation.accepted_by, invitation.accepted_at = InvitationStatus.ACCEPTED, user.id, now
    invitation.save()
    _tell_inviter(invitation, workspace)
    audit.record(_invitee(offer, user), workspace.id, "invitation.accepted", invitation, {"role": [None, member.role]})
    user.last_workspace = workspace
    # The account may be moving to another address at this moment: whoever has its row first goes first.
    if not User.objects.filter(id=user.id, email=offer.email).update(last_workspace=workspace):
        raise _for_another()
    return member


def _tell_inviter(invitation: Invitation, workspace: Workspace) -> None:
    inviters = workspace.memberships.active().select_related("user").filter(user=invitation.invited_by_id)
    Delivery.objects.bulk_create(notices(invitation, Kind.JOINED, inviters))
    transaction.on_commit(tasks.nudge, robust=True)


@transaction.atomic
def decline(offer: Offer) -> None:
    """End the offer as its holder wishes; its seats are free.

    Raises:
        InvitationNotPending: it ended before, or was sent again.
    """
    workspace, invitation, member = _locked(offer)
    end(invitation, member, InvitationStatus.DECLINED, database_now())
    changes = {"status": ["pending", "declined"]}
    audit.record(_invitee(offer), workspace.id, "invitation.declined", invitation, changes)


@transaction.atomic
def ask_for_new_link(offer: Offer) -> None:
    """Tell the Admins that the holder of an expired link wants a new one: once per sending, later calls do nothing.

    Raises:
        InvitationNotPending: it ended, was sent again, or has not expired.
    """
    workspace, invitation, member = _locked(offer)
    if not Membership.objects.expired().filter(id=member.id).exists():
        raise InvitationNotPending(_("This invitation has not expired. Reload the page to join."))
    if invitation.asked_generation == invitation.generation:
        return
    invitation.asked_generation = invitation.generation
    invitation.save(update_fields=["asked_generation"])
    admins = workspace.memberships.admins().select_related("user")
    Delivery.objects.bulk_create(notices(invitation, Kind.ASKED, admins))
    audit.record(_invitee(offer), workspace.id, "invitation.link_asked", invitation)
    transaction.on_commit(tasks.nudge, robust=True)


def _for_another() -> PermissionDenied:
    return PermissionDenied(_("This invitation is for another address. Sign in with the invited one."))


def _invitee(offer: Offer, user: User | None = None) -> Actor:
    identifier: uuid.UUID | None = user.id if user else None
    return Actor(kind="user", id=identifier, label=str(user or offer.email), workspace=offer.workspace)
