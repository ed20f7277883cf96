"""Reads a pending offer, by token, by session or under locks, in one statement and by the database's clock."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now

from billing_seats.models import Product, Seat
from billing_seats.plans import Feature, has_feature
from invitations import tokens
from invitations.models import Invitation, InvitationStatus
from members.access import ROLE_TABLE, Action, staff_actor
from members.models import ApiKey, Membership, Role, Scope, User, Workspace
from members.prepared import Prepared
from members.status import ended

MOMENT = timedelta(minutes=1)
"""How long after joining a form that arrives a second time still lets the person in."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One invitation's latest sending, as it stood at ``read_at``."""

    invitation: Invitation
    membership: Membership
    workspace: Workspace
    expired: bool
    account_exists: bool
    account_belongs: bool
    inviter_email: str | None
    inviter_language: str | None
    held_slugs: list[str]
    read_at: datetime

    @property
    def generation(self) -> int:
        """The number of this sending."""
        return self.invitation.generation

    @property
    def email(self) -> str:
        """The invited address."""
        return self.invitation.email

    @property
    def expires_at(self) -> datetime:
        """When the link stops working, unless it is sent again."""
        return self.membership.expires_at or self.invitation.expires_at

    @property
    def note(self) -> str:
        """The sender's personal note, or ""."""
        return self.invitation.note

    @property
    def role(self) -> Role:
        """The offered role."""
        return Role(self.membership.role)

    @cached_property
    def products(self) -> list[Product]:
        """The products whose seats are held."""
        return list(Product.objects.filter(slug__in=self.held_slugs))

    @cached_property
    def suspended(self) -> bool:
        """Whether its last sender may no longer invite; offers for the role Member stay valid."""
        return not (self.role == Role.MEMBER or _sender_may(self.invitation))

    @property
    def plan_missing(self) -> bool:
        """Whether the plan no longer includes invitations."""
        return not has_feature(self.workspace, Feature.INVITATIONS)

    @property
    def inviter_name(self) -> str:
        """The name of whoever invited first."""
        return self.invitation.inviter

    @property
    def asked(self) -> bool:
        """Whether a new link was requested since this sending."""
        return self.invitation.asked_generation == self.generation


def offer_for(token: str) -> Offer | None:
    """Return the pending offer of a token, expired or not; None for anything else."""
    claimed = tokens.parse(token)
    offer = _offer(_shown.first(invitation=claimed[0])) if claimed else None
    return offer if offer and claimed and tokens.is_genuine(claimed[1], offer.invitation) else None


def offer_from_session(invitation_id: uuid.UUID, generation: int) -> Offer | None:
    """Return the pending offer that was shown earlier; None once it was sent again or has ended."""
    offer = _offer(_shown.first(invitation=invitation_id))
    return offer if offer is not None and offer.generation == generation else None


def lock(workspace: Workspace, invitation_id: uuid.UUID) -> Offer | None:
    """Return the pending offer as it is now, with membership and invitation locked; the workspace is locked already."""
    workspace.require_lock()
    return _offer(_locked.first(invitation=invitation_id, workspace=workspace.id))


def accepted_by(token: str, user: User) -> Workspace | None:
    """Return the workspace of a used link for the person who used it, if they are still a member."""
    claimed = tokens.parse(token)
    invitation = Invitation.objects.filter(id=claimed[0], accepted_by=user.id).first() if claimed else None
    if invitation is None or not claimed or not tokens.is_genuine(claimed[1], invitation):
        return None
    return joined_workspace(invitation.id, user)


def joined_workspace(invitation_id: Any, user: Any) -> Workspace | None:
    """Return the workspace of an invitation that this person accepted, if they are still a member."""
    if invitation_id is None or not isinstance(user, User):
        return None
    accepted = {"workspace__invitations__id": invitation_id, "workspace__invitations__accepted_by": user.pk}
    member = user.memberships.active().filter(**accepted).select_related("workspace").first()
    return member.workspace if member else None


def accepted_just_now(invitation_id: Any) -> Invitation | None:
    """Return the invitation if it was accepted within the last minute."""
    lately = Invitation.objects.filter(status=InvitationStatus.ACCEPTED, accepted_at__gt=Now() - MOMENT)
    return lately.select_related("workspace").filter(id=invitation_id).first()


def _sender_may(invitation: Invitation) -> bool:
    sender: Any = invitation.last_sender_id
    if invitation.last_sender_type == "user":
        senders = Membership.objects.active().filter(role__in=ROLE_TABLE[Action.INVITE])
        return senders.filter(workspace=invitation.workspace_id, user=sender).exists()
    if invitation.last_sender_type == "key":
        keys = ApiKey.objects.working().filter(workspace=invitation.workspace_id, scope=Scope.WRITE)
        return keys.filter(id=sender).exists()
    if invitation.last_sender_type == "staff":
        staff = User.objects.filter(id=sender, is_active=True).first()
        return staff is not None and staff_actor(staff, invitation.workspace).may(Action.RESEND)
    return invitation.last_sender_type == "system"


def _offer(invitation: Invitation | None) -> Offer | None:
    if invitation is None or invitation.status != InvitationStatus.PENDING or invitation.membership is None:
        return None
    membership, workspace = invitation.membership, invitation.workspace
    membership.workspace = workspace
    annotations = {name: vars(invitation)[name] for name in _ANNOTATIONS}
    return Offer(invitation=invitation, membership=membership, workspace=workspace, **annotations)


_accounts = User.objects.claimed().filter(email=OuterRef("membership__email"))
_members = Membership.objects.filter(workspace=OuterRef("workspace_id"))
_inviter = _members.active().filter(user=OuterRef("invited_by_id"))
_seats = Seat.objects.filter(workspace=OuterRef("workspace_id"), membership=OuterRef("membership_id"))
_ANNOTATIONS: dict[str, Any] = {
    "expired": ExpressionWrapper(ended("membership__"), output_field=BooleanField()),
    "account_exists": Exists(_accounts),
    "account_belongs": Exists(_members.filter(user__email=OuterRef("membership__email"))),
    "inviter_email": Subquery(_inviter.values("email")),
    "inviter_language": Subquery(_inviter.values("user__language")),
    "held_slugs": ArraySubquery(_seats.order_by("product__slug").values("product__slug")),
    "read_at": Now(),
}


def _rows(invitation: Any) -> QuerySet[Invitation]:
    """Return the invitation if it has a member, with everything the offer needs.

    The member isn't filtered by status or end: with stale statistics Postgres would scan the whole workspace.
    """
    rows = Invitation.objects.filter(id=invitation, membership__email__isnull=False).annotate(**_ANNOTATIONS)
    return rows.select_related("membership", "workspace__subscription")


_shown = Prepared(_rows)
_locked = Prepared(
    lambda invitation, workspace: (
        _rows(invitation)
        .filter(workspace=workspace)
        # Postgres locks in this order, the one in which everything locks.
        .select_for_update(no_key=True, of=("membership", "self"))
    )
)
