"""An offer as its holder sees it: found by token or by what the session kept, judged by the database's clock."""

import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, Q

from billing_seats.models import Product, Seat
from billing_seats.plans import Feature, has_feature
from invitations import tokens
from invitations.models import Invitation, InvitationStatus
from members.access import ROLE_TABLE, Action
from members.calls import OVER
from members.models import ApiKey, Membership, Role, Scope, User, Workspace


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One invitation's latest sending, in the hands of someone who showed its token."""

    invitation: Invitation
    generation: int
    membership: Membership | None
    workspace: Workspace
    expired: bool
    suspended: bool
    plan_missing: bool
    account_exists: bool

    @property
    def email(self) -> str:
        """The invited address."""
        return self.invitation.email

    @property
    def role(self) -> Role:
        """The offered role."""
        return Role(self.membership.role if self.membership else self.invitation.role)

    @cached_property
    def products(self) -> list[Product]:
        """Of which products seats are held, read when they are shown."""
        if self.membership is None:
            return []
        return [
            seat.product
            for seat in Seat.objects.of(self.membership).select_related("product").order_by("product__slug")
        ]

    @property
    def inviter_name(self) -> str:
        """Who asked."""
        return self.invitation.invited_by_name

    @property
    def asked(self) -> bool:
        """Whether a new link was asked for already, since this sending."""
        return self.invitation.asked_generation == self.generation


def offer_for(token: str) -> Offer | None:
    """Answer the pending offer of a token, expired or not; None for anything else, which all looks alike."""
    invitation = tokens.find(token)
    return None if invitation is None else _judged(invitation, invitation.generation)


def offer_from_session(invitation_id: uuid.UUID | str, generation: int) -> Offer | None:
    """Answer the pending offer that was shown earlier; None once it was sent again or has come to an end."""
    try:
        found = Invitation.objects.select_related("workspace").get(id=invitation_id, generation=generation)
    except (Invitation.DoesNotExist, ValueError):
        return None
    return _judged(found, generation)


def accepted_by(token: str, user: User) -> Workspace | None:
    """Answer the workspace to which a used link leads the person who used it, as long as they belong to it."""
    invitation = tokens.find(token)
    if invitation is None or invitation.accepted_by != user.id:
        return None
    belongs = user.memberships.active().filter(workspace=invitation.workspace_id).exists()
    return invitation.workspace if belongs else None


def account_for(email: str) -> User | None:
    """Answer the account of a verified address; one never verified counts as none, unless support closed it."""
    proved = EmailAddress.objects.filter(user=OuterRef("pk"), email=email, verified=True)
    return User.objects.filter(Q(Exists(proved)) | Q(is_active=False), email=email).first()


def may_still_offer(invitation: Invitation, role: str) -> bool:
    """Answer whether the offer's last sender may still invite; a Member's offer lives on without them."""
    sender: Any = invitation.last_sender_id
    if role == Role.MEMBER or invitation.last_sender_type not in {"user", "key"}:
        return True
    if invitation.last_sender_type == "key":
        keys = ApiKey.objects.working().filter(workspace=invitation.workspace_id, scope=Scope.WRITE)
        return keys.filter(id=sender).exists()
    senders = Membership.objects.active().filter(role__in=ROLE_TABLE[Action.INVITE])
    return senders.filter(workspace=invitation.workspace_id, user=sender).exists()


def _judged(invitation: Invitation, generation: int) -> Offer | None:
    if invitation.status != InvitationStatus.PENDING or invitation.membership_id is None:
        return None
    rows = Membership.objects.annotate(over=OVER)
    membership = rows.filter(id=invitation.membership_id, workspace=invitation.workspace_id).first()
    if membership is None:
        return None
    return Offer(
        invitation=invitation,
        generation=generation,
        membership=membership,
        workspace=invitation.workspace,
        expired=vars(membership)["over"],
        suspended=not may_still_offer(invitation, membership.role),
        plan_missing=not has_feature(invitation.workspace, Feature.INVITATIONS),
        account_exists=account_for(invitation.email) is not None,
    )
