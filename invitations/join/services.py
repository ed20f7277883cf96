"""What an invitee can do with an offer that a token proved: accept, decline, ask for a new link."""

import uuid
from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext as _

from billing_seats.plans import Feature, require_feature
from invitations.models import Delivery, Invitation, InvitationStatus, Kind
from invitations.offers import Offer, lock
from invitations.services import copy_terms, end
from members import audit
from members.access import Actor
from members.acting import acting_on_offer
from members.errors import AlreadyMember, InvitationNotPending, PermissionDenied
from members.models import Membership, Status, User, Workspace
from members.names import clean_name, fold


def accept(offer: Offer, user: User) -> Membership:
    """Let the signed-in person join and return their active membership, with the seats that were held.

    Raise InvitationNotPending if the offer ended, expired or was sent again since it was shown, and PermissionDenied if
    it is another address's, or its sender may no longer make it.
    """
    if user.email != offer.email:
        raise _for_another()
    with acting_on_offer(offer) as workspace:
        offer = _locked(workspace, offer)
        if not offer.account_exists:
            raise _for_another()
        return _join(offer, user)


def accept_as_new_person(offer: Offer, *, name: str, password: str, language: str) -> User:
    """Create the account whose address the link proves, let it join, and return it.

    An unclaimed account counts as none: its name, password and sessions are replaced. Raise PermissionDenied for a
    verified account, whose owner signs in instead.
    """
    name, hashed = clean_name(name), make_password(password)
    # Locked before the account is touched, so that two submissions of one form see the same state.
    with acting_on_offer(offer) as workspace:
        offer = _locked(workspace, offer)
        if offer.account_exists:
            raise PermissionDenied(_("There is already an account for this email address. Sign in to join."))
        user, _created = User.objects.update_or_create(
            email=offer.email, defaults={"name": name, "password": hashed, "language": language}
        )
        EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
        EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
        _join(offer, user)
    return user


def _locked(workspace: Workspace, shown: Offer) -> Offer:
    """Return the offer under the locks of workspace, member and invitation, or raise unless it is still this one."""
    offer = lock(workspace, shown.invitation.id)
    if offer is None:
        raise InvitationNotPending
    if offer.generation != shown.generation:
        raise InvitationNotPending(_("A newer invitation was sent. Use the link in the latest email."))
    return offer


def _join(offer: Offer, user: User) -> Membership:
    """Make the person a member of the locked workspace."""
    workspace, invitation, member = offer.workspace, offer.invitation, offer.membership
    require_feature(workspace, Feature.INVITATIONS)
    if offer.suspended:
        raise PermissionDenied(_("The person who sent this invitation can no longer offer this role."))
    if offer.account_belongs:
        raise AlreadyMember
    became = {
        "status": Status.ACTIVE,
        "user": user,
        "name": user.name,
        "sort_name": fold(user.name or user.email),
        "expires_at": None,
        "joined_at": offer.read_at,
        "last_active_at": offer.read_at,
    }
    if not Membership.objects.invited().filter(id=member.id).update(**became):
        raise InvitationNotPending(_("This invitation has expired. Ask for a new link."))
    copy_terms(offer)
    invitation.status, invitation.accepted_by = InvitationStatus.ACCEPTED, user.id
    invitation.accepted_at = offer.read_at
    invitation.save()
    for field, value in became.items():
        setattr(member, field, value)
    if offer.inviter_email is not None:
        _notify(invitation, Kind.JOINED, [(offer.inviter_email, offer.inviter_language)])
    audit.record(_invitee(offer, user), workspace.id, "invitation.accepted", invitation, {"role": [None, member.role]})
    user.last_workspace = workspace
    # The account's address may be changing at this moment: whoever locks its row first wins.
    if not User.objects.filter(id=user.id, email=offer.email).update(last_workspace=workspace):
        raise _for_another()
    return member


def _notify(invitation: Invitation, kind: Kind, readers: Iterable[Any]) -> None:
    Delivery.objects.bulk_create(Delivery.notices(invitation, kind, readers))
    Delivery.objects.send_on_commit()


def decline(offer: Offer) -> None:
    """Decline the offer and free its seats; raise InvitationNotPending if it has ended or was sent again."""
    with acting_on_offer(offer) as workspace:
        offer = _locked(workspace, offer)
        end(offer, InvitationStatus.DECLINED)
        changes = {"status": ["pending", "declined"]}
        audit.record(_invitee(offer), workspace.id, "invitation.declined", offer.invitation, changes)


def ask_for_new_link(offer: Offer) -> None:
    """Notify the Admins, once per sending, that the holder of an expired link wants a new one."""
    with acting_on_offer(offer) as workspace:
        offer = _locked(workspace, offer)
        invitation = offer.invitation
        if not offer.expired:
            raise InvitationNotPending(_("This invitation has not expired. Reload the page to join."))
        if invitation.asked_generation == invitation.generation:
            return
        invitation.asked_generation = invitation.generation
        invitation.save(update_fields=["asked_generation"])
        _notify(invitation, Kind.ASKED, workspace.memberships.admins().values_list("email", "user__language"))
        audit.record(_invitee(offer), workspace.id, "invitation.link_asked", invitation)


def _for_another() -> PermissionDenied:
    return PermissionDenied(_("This invitation is for another email address. Sign in with the invited one."))


def _invitee(offer: Offer, user: User | None = None) -> Actor:
    identifier: uuid.UUID | None = user.id if user else None
    return Actor(
        kind="user", id=identifier, name=str(user or offer.email), email=offer.email, workspace=offer.workspace
    )
