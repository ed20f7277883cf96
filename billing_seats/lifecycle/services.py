"""Changes to members who may hold seats: role, status, end date, seats, removal. One engine for one and for many."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from billing_seats.budgets import require_sold
from billing_seats.lifecycle import rules
from billing_seats.lifecycle.changes import UNCHANGED, MemberChanges, MemberResult, Unchanged
from billing_seats.lifecycle.engine import MemberBatch
from members.access import Action, Actor, require
from members.acting import acting
from members.errors import InvalidRequest, NotFound
from members.models import Membership, Status, Workspace

CHUNK = 100
"""Members per transaction: a lock is held for tens of milliseconds, not for the whole of a long list."""
MAX_MEMBERS = 1_000


def change_member(actor: Actor, member_id: uuid.UUID, changes: MemberChanges) -> MemberResult:
    """Make all of these changes to one member, or raise and make none."""
    with acting(actor, *changes.actions) as current:
        changes.require_valid()
        batch = MemberBatch(current, [member_id], changes)
        result = batch.change(member_id, changes)
        if result.error:
            raise result.error
        _require_bought(current.workspace, changes, batch)
        batch.write()
    return result


def change_members(
    actor: Actor,
    member_ids: Sequence[uuid.UUID],
    changes: MemberChanges,
    *,
    dry_run: bool = False,
    shown: Mapping[str, dict[str, Any] | None] | None = None,
) -> list[MemberResult]:
    """Make the changes to up to a hundred members under one lock; return a result for each, in the order given.

    A member for whom one of them is refused stays as they are. A ``dry_run``, of up to a thousand, writes nothing. With
    what a preview has ``shown``, whatever would turn out differently now is refused.
    """
    with acting(actor, *changes.actions) as current:
        changes.require_valid()
        batch = MemberBatch(current, member_ids, changes)
        batch.shown = shown
        _require_bought(current.workspace, changes, batch)
        results = [batch.change(member_id, changes) for member_id in member_ids]
        if not dry_run:
            batch.write()
    return results


def prepare(actor: Actor, member_ids: Collection[uuid.UUID], changes: MemberChanges) -> None:
    """Check a change to many members once, before the first chunk; raise NotFound if one isn't in this workspace."""
    for action in changes.actions:
        require(actor, action)
    changes.require_valid()
    wanted = set(member_ids)
    if actor.workspace.memberships.filter(id__in=wanted).count() != len(wanted):
        raise NotFound


def _require_bought(workspace: Workspace, changes: MemberChanges, batch: MemberBatch) -> None:
    """Raise InvalidRequest unless each product to remove seats of was bought here; one that somebody holds was."""
    held = {slug for seats in batch.held.values() for slug in seats} if changes.seats_remove else set()
    if unheld := set(changes.seats_remove) - held:
        pools = workspace.seat_pools.filter(product__slug__in=unheld)
        require_sold(set(pools.values_list("product__slug", flat=True)), sorted(unheld), field="seats_remove")


def change_role(actor: Actor, member_id: uuid.UUID, role: str) -> Membership:
    """Give the member another role and return them. A guest can't become Admin before their end date is removed."""
    require(actor, Action.CHANGE_ROLE)
    if not role:
        raise InvalidRequest(field="role", code="unknown")
    return _changed(actor, member_id, MemberChanges(role=role))


def deactivate(actor: Actor, member_id: uuid.UUID) -> Membership:
    """End the member's access, free their seats and return them; the row stays."""
    return _changed(actor, member_id, MemberChanges(status=Status.DEACTIVATED))


def reactivate(
    actor: Actor,
    member_id: uuid.UUID,
    products: Collection[str] | None = None,
    *,
    expires_at: datetime | Unchanged | None = UNCHANGED,
) -> MemberResult:
    """Give a deactivated member access again, with a new end date if one is given.

    ``products`` are slugs of the seats they return with: all of them, or the act is refused. None means their former
    seats, as far as they are available; the result names those that are gone.
    """
    changes = MemberChanges(status=Status.ACTIVE, expires_at=expires_at, seats_on_return=products)
    return change_member(actor, member_id, changes)


def set_end(
    actor: Actor, member_id: uuid.UUID, ends_at: datetime | None, *, keep: Collection[str] | None = None
) -> Membership:
    """End the member's access at this time, or never (None), and return them.

    A lapsed member's seats count again: those in ``keep`` (None: all), or the act is refused. The others are freed, and
    those of retired products always are.
    """
    return _changed(actor, member_id, MemberChanges(expires_at=ends_at, seats_on_return=keep))


def remove(actor: Actor, member_id: uuid.UUID) -> None:
    """Remove someone who has joined and free their seats; raise MemberInvited for an invitee."""
    change_member(actor, member_id, MemberChanges(remove=True))


def leave(actor: Actor) -> None:
    """Take the actor out of the workspace."""
    require(actor, Action.LEAVE)
    if actor.membership is None:
        raise NotFound
    change_member(actor, actor.membership.id, MemberChanges(remove=True, leaving=True))


def give(actor: Actor, member_id: uuid.UUID, product_slug: str) -> Membership:
    """Assign the member a seat, or hold one for an invitee, and return them; do nothing if they have one."""
    return _changed(actor, member_id, MemberChanges(seats_add=[product_slug]))


def take(actor: Actor, member_id: uuid.UUID, product_slug: str) -> Membership:
    """Remove the member's seat, or the one held for an invitee, and return them; do nothing if they have none."""
    try:
        return _changed(actor, member_id, MemberChanges(seats_remove=[product_slug]))
    except InvalidRequest as error:
        raise (NotFound if error.field == "seats_remove" else error) from None


def move(actor: Actor, product_slug: str, giver_id: uuid.UUID, taker_id: uuid.UUID) -> Membership:
    """Move a seat from one member to another, even if all are in use, and return the new holder."""
    take_it, give_it = MemberChanges(seats_remove=[product_slug]), MemberChanges(seats_add=[product_slug])
    with acting(actor, Action.TAKE_SEAT, Action.GIVE_SEAT) as current:
        batch = MemberBatch(current, [giver_id, taker_id], take_it, give_it)
        if not {giver_id, taker_id} <= batch.members.keys():
            raise NotFound
        _require_may_move(batch, product_slug, giver_id, batch.members[taker_id])
        for result in (batch.change(giver_id, take_it), batch.change(taker_id, give_it)):
            if result.error:
                raise result.error
        batch.write()
    return batch.members[taker_id]


def _require_may_move(batch: MemberBatch, product_slug: str, giver_id: uuid.UUID, taker: Membership) -> None:
    require_sold(batch.budgets, [product_slug], field="product")
    if product_slug in batch.held[taker.id]:
        raise InvalidRequest(_("This person already has a seat for it."), field="to", code="has_seat")
    rules.require_may_hold_seats(taker.status, taker.expires_at, batch.now)
    batch.budgets[product_slug].require(wanted=0)
    if product_slug not in batch.held[giver_id]:
        raise InvalidRequest(_("This person has no seat for it."), field="from", code="no_seat")


def _changed(actor: Actor, member_id: uuid.UUID, changes: MemberChanges) -> Membership:
    member = change_member(actor, member_id, changes).member
    if member is None:
        raise NotFound
    return member
