"""Members whose access is stopped and started again: deactivate, reactivate, end dates. Their seats follow."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from billing_seats.budgets import Room, rooms, sellable_products
from billing_seats.models import Product, Seat
from billing_seats.plans import Feature, has_feature, require_feature
from billing_seats.services import hold, release, renew
from members import audit
from members.access import Action, Actor
from members.acting import acting
from members.clock import database_now
from members.errors import InvalidRequest, MemberInvited
from members.models import Membership, Role, Status, Workspace
from members.services import end_sessions, keep_an_admin, lock_member


@dataclass(frozen=True)
class Reactivation:
    """A member who has access again: which seats they have, and which products have none left for them."""

    member: Membership
    seats: Sequence[Product]
    gone: Sequence[str]


def _lock_joined(workspace: Workspace, member_id: uuid.UUID) -> Membership:
    member = lock_member(workspace, member_id)
    if member.status == Status.INVITED:
        raise MemberInvited
    return member


def deactivate(actor: Actor, member_id: uuid.UUID) -> Membership:
    """End the member's access, free their seats and answer them; the row stays. Deactivated already changes nothing.

    Raises:
        PermissionDenied, NotFound, MemberInvited, LastAdmin
    """
    with acting(actor, Action.DEACTIVATE) as current:
        workspace = current.workspace
        member = _lock_joined(workspace, member_id)
        if member.status == Status.DEACTIVATED:
            return member
        keep_an_admin(workspace, member)
        held = sorted(Seat.objects.of(member).values_list("product__slug", flat=True))
        release(workspace, [member])
        member.status, member.seats_before = Status.DEACTIVATED, held
        member.save(update_fields=["status", "seats_before"])
        end_sessions([member.user_id])
        changes: dict[str, list[Any]] = {"status": [Status.ACTIVE, Status.DEACTIVATED], "seats": [held, []]}
        audit.record(current, workspace.id, "member.deactivated", member, changes)
        return member


def reactivate(actor: Actor, member_id: uuid.UUID, products: Collection[str] | None = None) -> Reactivation:
    """Give a deactivated member access again; active already changes nothing.

    ``products`` are slugs of which they shall have seats: all of them, or nothing is done. None stands for those that
    they had, as far as they are left; the answer names those that are gone.

    Raises:
        PermissionDenied, NotFound, MemberInvited
        PlanRequired, SeatsExhausted, OverAssigned: of the products asked for.
        InvalidRequest: their end date has passed, or a product cannot be given here.
    """
    with acting(actor, Action.REACTIVATE) as current:
        workspace = current.workspace
        member = _lock_joined(workspace, member_id)
        if member.status == Status.ACTIVE:
            return Reactivation(
                member, [seat.product for seat in Seat.objects.of(member).select_related("product")], []
            )
        check_return(member, database_now())
        if products:
            require_feature(workspace, Feature.INVITATIONS)
        wanted = member.seats_before if products is None else sorted(set(products))
        reserved = _left(workspace, wanted) if products is None else _reserved(workspace, wanted)
        member.status, member.seats_before = Status.ACTIVE, []
        member.save(update_fields=["status", "seats_before"])
        hold(workspace, [member], reserved)
        got = [room.product for room in reserved]
        slugs = [product.slug for product in got]
        changes: dict[str, list[Any]] = {"status": [Status.DEACTIVATED, Status.ACTIVE], "seats": [[], slugs]}
        audit.record(current, workspace.id, "member.reactivated", member, changes)
        return Reactivation(member, got, [slug for slug in wanted if slug not in slugs])


def check_return(member: Membership, now: datetime) -> None:
    """Let through who is active, or may be at this moment.

    Raises:
        InvalidRequest: they were deactivated, and their end date has passed.
    """
    if member.status == Status.DEACTIVATED and member.expires_at is not None and member.expires_at <= now:
        message = _("The access of this person has ended. Set a later end date, or none, first.")
        raise InvalidRequest(message, field="expires_at", code="past")


def _reserved(workspace: Workspace, slugs: Collection[str]) -> list[Room]:
    reserved = rooms(workspace, sellable_products(workspace, slugs))
    for room in reserved:
        room.reserve()
    return reserved


def _left(workspace: Workspace, slugs: Collection[str]) -> list[Room]:
    """Answer the rooms of those of these products that have a seat left, with one set aside in each."""
    if not has_feature(workspace, Feature.INVITATIONS):
        return []
    products = list(Product.objects.filter(slug__in=slugs, retired=False))
    left = [room for room in rooms(workspace, products) if room.refusal() is None]
    for room in left:
        room.reserve()
    return left


def reactivate_until(
    actor: Actor, member_id: uuid.UUID, ends_at: datetime | None, products: Collection[str] | None = None
) -> Reactivation:
    """Give a deactivated member access again until this moment, or without end (None): both, or nothing is done.

    Raises:
        What ``set_end`` and ``reactivate`` raise.
    """
    with acting(actor, Action.REACTIVATE) as current:
        set_end(current, member_id, ends_at)
        return reactivate(current, member_id, products)


def set_end(
    actor: Actor, member_id: uuid.UUID, ends_at: datetime | None, *, keep: Collection[str] | None = None
) -> Membership:
    """Let the member's access end at this moment, or never (None), and answer them.

    A later end for someone whose access has ended takes their seats again: those whose slugs are in ``keep``, while
    the others are let go; all of them if it is None.

    Raises:
        PermissionDenied, NotFound, MemberInvited
        PlanRequired, SeatsExhausted, OverAssigned: the access had ended, and a seat of theirs is gone.
        InvalidRequest: the moment has passed, or the member is an Admin, whose access has no end.
    """
    with acting(actor, Action.SET_END) as current:
        workspace = current.workspace
        member = _lock_joined(workspace, member_id)
        if member.expires_at == ends_at:
            return member
        now = database_now()
        _check_end(member, ends_at, now)
        changes: dict[str, list[Any]] = {"expires_at": [_written(member.expires_at), _written(ends_at)]}
        if member.expires_at is not None and member.expires_at <= now:
            changes |= _take_again(workspace, member, keep)
        member.expires_at = ends_at
        member.save(update_fields=["expires_at"])
        audit.record(current, workspace.id, "member.end_changed", member, changes)
        return member


def _take_again(workspace: Workspace, member: Membership, keep: Collection[str] | None) -> dict[str, list[Any]]:
    """Make room for the seats of a member whose access had ended; answer which were let go, as the log writes it."""
    had = sorted(Seat.objects.of(member).values_list("product__slug", flat=True))
    kept = had if keep is None else [slug for slug in had if slug in keep]
    if kept != had:
        Seat.objects.of(member).exclude(product__slug__in=kept).delete()
    if kept:
        require_feature(workspace, Feature.INVITATIONS)
        renew(workspace, member)
    return {"seats": [had, kept]} if kept != had else {}


def refuse_end(member: Membership) -> None:
    """Let through a member whose access may have an end.

    Raises:
        InvalidRequest: they are an Admin.
    """
    if member.role == Role.ADMIN:
        message = _("An Admin's access has no end. Give them another role first.")
        raise InvalidRequest(message, field="expires_at", code="admin")


def _check_end(member: Membership, ends_at: datetime | None, now: datetime) -> None:
    if ends_at is None:
        return
    refuse_end(member)
    if ends_at <= now:
        message = _("This moment has passed. Choose a later one, or deactivate the member.")
        raise InvalidRequest(message, field="expires_at", code="past")


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
