"""The only door to seats: whatever counts them locks the workspace first."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from billing_seats import notices
from billing_seats.budgets import Room, rooms, sellable_products
from billing_seats.models import Seat, Subscription
from billing_seats.plans import Feature, require_feature
from members import audit
from members.access import Action, Actor
from members.acting import acting
from members.clock import database_now
from members.errors import InvalidRequest, NotFound, Unavailable
from members.models import SLUG, Membership, Role, Status, User, Workspace
from members.names import clean_name
from members.services import lock_member


def open_workspace(user: User, *, name: str, slug: str) -> Workspace:
    """Answer a new workspace on the Free plan, with the user as its Admin.

    Raises:
        InvalidRequest: name or slug is not valid, or the slug is taken.
        Unavailable: the user's address changes at this very moment.
    """
    name = clean_name(name)
    try:
        SLUG(slug)
    except ValidationError as error:
        raise InvalidRequest(error.messages[0], field="slug") from None
    try:
        with transaction.atomic():
            workspace = Workspace.objects.create(name=name, slug=slug)
            Subscription.objects.create(workspace=workspace)
            Membership.objects.create(
                workspace=workspace,
                user=user,
                email=user.email,
                name=user.name,
                role=Role.ADMIN,
                status=Status.ACTIVE,
                joined_at=Now(),
            )
            who = Actor(kind="user", id=user.id, name=str(user), email=user.email, workspace=workspace, role=Role.ADMIN)
            audit.record(who, workspace.id, "workspace.created", workspace, {"slug": [None, slug]})
            user.last_workspace = workspace
            # The account may be moving to another address at this moment: whoever has its row first goes first.
            if not User.objects.filter(id=user.id, email=user.email).update(last_workspace=workspace):
                raise Unavailable
    except IntegrityError:
        raise InvalidRequest(_("This address is taken."), field="slug", code="taken") from None
    return workspace


def hold(
    workspace: Workspace,
    members: Iterable[Membership],
    reserved: Sequence[Room],
    refused: Collection[uuid.UUID] = (),
) -> None:
    """Give, or hold for invitees, a seat of each product to each member, out of room that the caller has reserved.

    ``refused`` are ids of products that were wanting in the same act: they are told with those that run low.
    """
    workspace.require_lock()
    members = list(members)
    Seat.objects.bulk_create(
        [Seat(workspace=workspace, membership=member, product=room.product) for member in members for room in reserved]
    )
    notices.tell(workspace, reserved, refused)


def release(workspace: Workspace, members: Iterable[Membership]) -> None:
    """Let go of every seat of these members."""
    workspace.require_lock()
    Seat.objects.filter(workspace=workspace, membership__in=members).delete()


def renew(workspace: Workspace, member: Membership) -> None:
    """Make room for the seats of a member whose end has passed, and who is about to get a later one.

    Raises:
        SeatsExhausted, OverAssigned: a seat of theirs has been taken meanwhile.
    """
    reserved = rooms(workspace, [seat.product for seat in Seat.objects.of(member).select_related("product")])
    for room in reserved:
        room.reserve()
    notices.tell(workspace, reserved)


def give(actor: Actor, member_id: uuid.UUID, product_slug: str) -> Membership:
    """Give the member a seat, or hold one for an invitee, and answer them; one they have already changes nothing.

    Raises:
        PermissionDenied, PlanRequired, NotFound, SeatsExhausted, OverAssigned
        InvalidRequest: the product cannot be given here, or the member is deactivated or past their end.
    """
    with acting(actor, Action.GIVE_SEAT) as current:
        workspace = current.workspace
        require_feature(workspace, Feature.INVITATIONS)
        member = lock_member(workspace, member_id)
        products = sellable_products(workspace, [product_slug], field="product")
        if Seat.objects.of(member).filter(product__in=products).exists():
            return member
        require_live(member.status, member.expires_at, database_now())
        reserved = rooms(workspace, products)
        for room in reserved:
            room.reserve()
        hold(workspace, [member], reserved)
        audit.record(current, workspace.id, "seat.given", member, {"seats": [None, product_slug]})
        return member


def _is_live(member: Membership) -> bool:
    return member.expires_at is None or member.expires_at > database_now()


def require_live(status: str, expires_at: datetime | None, now: datetime) -> None:
    """Let through whose status and end let them have seats at this moment.

    Raises:
        InvalidRequest: deactivated, or past their end.
    """
    if status == Status.DEACTIVATED or (expires_at is not None and expires_at <= now):
        message = _("Only active members and live invitations can have seats.")
        raise InvalidRequest(message, field="product", code="member_not_live")


def take(actor: Actor, member_id: uuid.UUID, product_slug: str) -> Membership:
    """Take the member's seat, or the one held for an invitee, and answer them; one they lack changes nothing.

    Raises:
        PermissionDenied, NotFound
    """
    with acting(actor, Action.TAKE_SEAT) as current:
        workspace = current.workspace
        member = lock_member(workspace, member_id)
        if not take_seat(current, workspace, member, product_slug):
            _require_bought(workspace, product_slug)
        return member


def take_seat(actor: Actor, workspace: Workspace, member: Membership, product_slug: str) -> bool:
    """Take a locked member's seat and answer whether they had one; the caller has asked whether the actor may."""
    taken = Seat.objects.of(member).filter(product__slug=product_slug).delete()[0]
    if taken:
        audit.record(actor, workspace.id, "seat.taken", member, {"seats": [product_slug, None]})
    return bool(taken)


def _require_bought(workspace: Workspace, product_slug: str) -> None:
    if not workspace.seat_pools.filter(product__slug=product_slug).exists():
        raise NotFound


def move(actor: Actor, product_slug: str, giver_id: uuid.UUID, taker_id: uuid.UUID) -> Membership:
    """Move a seat from one member to another, in one step that works when all are in use, and answer the new holder.

    Raises:
        PermissionDenied, PlanRequired, NotFound, OverAssigned
        SeatsExhausted: the giver's access has ended, so that the seat was not theirs to count.
        InvalidRequest: the first has no such seat, or the second has one or cannot have any.
    """
    with acting(actor, Action.TAKE_SEAT, Action.GIVE_SEAT) as current:
        workspace = current.workspace
        require_feature(workspace, Feature.INVITATIONS)
        locked = {member_id: lock_member(workspace, member_id) for member_id in sorted({giver_id, taker_id})}
        giver, taker = locked[giver_id], locked[taker_id]
        products = sellable_products(workspace, [product_slug], field="product")
        if Seat.objects.of(taker).filter(product__in=products).exists():
            raise InvalidRequest(_("This person has a seat of it already."), field="to", code="has_seat")
        require_live(taker.status, taker.expires_at, database_now())
        [room] = rooms(workspace, products)
        if error := room.refusal(wanted=0):
            raise error
        if not take_seat(current, workspace, giver, product_slug):
            raise InvalidRequest(_("This person has no seat of it."), field="from", code="no_seat")
        # A lapsed giver's seat counted no more: moving it takes one that has to be there.
        room.free += _is_live(giver)
        room.reserve()
        hold(workspace, [taker], [room])
        audit.record(current, workspace.id, "seat.given", taker, {"seats": [None, product_slug]})
        return taker
