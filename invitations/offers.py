"""A pending offer, found by token, by what a session kept or under locks, and judged by the database's clock."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from billing_seats.models import Product, Seat, Subscription
from billing_seats.plans import Feature, has_feature
from invitations import tokens
from invitations.models import Invitation, InvitationStatus
from members.access import ROLE_TABLE, Action
from members.calls import OVER
from members.models import ApiKey, Membership, Role, Scope, User, Workspace
from members.prepared import A_WORKSPACE, AN_ID, Compiled, columns, made

_JUDGED = (
    "expired",
    "account_exists",
    "account_belongs",
    "inviter_email",
    "inviter_language",
    "product_slugs",
    "read_at",
)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One invitation's latest sending, in the hands of someone who showed its token, as it stood at ``read_at``."""

    invitation: Invitation
    membership: Membership
    workspace: Workspace
    expired: bool
    account_exists: bool
    account_belongs: bool
    inviter_email: str | None
    inviter_language: str | None
    product_slugs: list[str]
    read_at: datetime

    @property
    def generation(self) -> int:
        """Which sending it is."""
        return self.invitation.generation

    @property
    def email(self) -> str:
        """The invited address."""
        return self.invitation.email

    @property
    def role(self) -> Role:
        """The offered role."""
        return Role(self.membership.role)

    @cached_property
    def products(self) -> list[Product]:
        """Of which products seats are held, read when they are shown."""
        return list(Product.objects.filter(slug__in=self.product_slugs))

    @cached_property
    def suspended(self) -> bool:
        """Whether its last sender may not invite any more; a Member's offer lives on without them."""
        return not (self.role == Role.MEMBER or _sender_may(self.invitation))

    @property
    def plan_missing(self) -> bool:
        """Whether the plan does not include invitations any more."""
        return not has_feature(self.workspace, Feature.INVITATIONS)

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
    return None if invitation is None else offer_from_session(invitation.id, invitation.generation)


def offer_from_session(invitation_id: uuid.UUID, generation: int) -> Offer | None:
    """Answer the pending offer that was shown earlier; None once it was sent again or has come to an end."""
    offer = _one(_shown(), {AN_ID: invitation_id})
    return offer if offer is not None and offer.generation == generation else None


def lock(workspace: Workspace, invitation_id: uuid.UUID) -> Offer | None:
    """Answer the pending offer as it stands now, membership and invitation locked; the workspace is locked already."""
    workspace.require_lock()
    return _one(_locked(), {AN_ID: invitation_id, A_WORKSPACE: workspace.id})


def accepted_by(token: str, user: User) -> Workspace | None:
    """Answer the workspace to which a used link leads the person who used it, as long as they belong to it."""
    invitation = tokens.find(token)
    if invitation is None or invitation.accepted_by != user.id:
        return None
    belongs = user.memberships.active().filter(workspace=invitation.workspace_id).exists()
    return invitation.workspace if belongs else None


def _sender_may(invitation: Invitation) -> bool:
    sender: Any = invitation.last_sender_id
    if invitation.last_sender_type == "user":
        senders = Membership.objects.active().filter(role__in=ROLE_TABLE[Action.INVITE])
        return senders.filter(workspace=invitation.workspace_id, user=sender).exists()
    if invitation.last_sender_type == "key":
        keys = ApiKey.objects.working().filter(workspace=invitation.workspace_id, scope=Scope.WRITE)
        return keys.filter(id=sender).exists()
    return True


def _one(statement: Compiled, blanks: dict[uuid.UUID, uuid.UUID]) -> Offer | None:
    found = statement.read(blanks)
    if not found:
        return None
    row = iter(found[0])
    membership, invitation, workspace = made(Membership, row), made(Invitation, row), made(Workspace, row)
    workspace.subscription = made(Subscription, row)
    invitation.workspace = membership.workspace = workspace
    judged = dict(zip(_JUDGED, row, strict=True))
    if invitation.status != InvitationStatus.PENDING:
        return None
    return Offer(invitation=invitation, membership=membership, workspace=workspace, **judged)


def _rows(**known: uuid.UUID) -> QuerySet[Any, Any]:
    """Answer the invitation of AN_ID with its member and all that they are judged by.

    Of the member nothing is asked: Postgres may then go through all the workspace's, before it has counted them.
    """
    # An account whose address was never verified counts as none, unless support closed it.
    proved = EmailAddress.objects.filter(user=OuterRef("id"), email=OuterRef("email"), verified=True)
    accounts = User.objects.filter(Q(Exists(proved)) | Q(is_active=False), email=OuterRef("email"))
    places = Membership.objects.filter(workspace=OuterRef("workspace_id"), user__email=OuterRef("email"))
    inviter = Membership.objects.active().filter(
        workspace=OuterRef("workspace_id"), user=OuterRef("invitation_set__invited_by_id")
    )
    seats = Seat.objects.filter(workspace=OuterRef("workspace_id"), membership=OuterRef("id"))
    slugs = seats.order_by("product__slug").values("product__slug")
    rows = Membership.objects.filter(invitation_set=AN_ID, **known).annotate(
        expired=OVER,
        account_exists=Exists(accounts),
        account_belongs=Exists(places),
        inviter_email=Subquery(inviter.values("email")),
        inviter_language=Subquery(inviter.values("user__language")),
        product_slugs=ArraySubquery(slugs),
        read_at=Now(),
    )
    return rows.values_list(
        *columns(Membership),
        *columns(Invitation, "invitation_set__"),
        *columns(Workspace, "workspace__"),
        *columns(Subscription, "workspace__subscription__"),
        *_JUDGED,
    )


@cache
def _shown() -> Compiled:
    return Compiled.of(_rows())


@cache
def _locked() -> Compiled:
    read = Compiled.of(_rows(invitation_set__workspace=A_WORKSPACE))
    # Postgres locks in the order in which the tables stand here: the house's.
    return Compiled(f"{read.sql} FOR NO KEY UPDATE OF members_membership, invitations_invitation", read.values)
