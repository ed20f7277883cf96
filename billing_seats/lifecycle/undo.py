"""A change to one member taken back by whoever made it, within seconds, unless something has changed since."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from billing_seats.budgets import seat_budgets
from billing_seats.lifecycle.changes import MemberChanges, MemberResult
from billing_seats.lifecycle.engine import MemberBatch
from billing_seats.lifecycle.services import change_member
from billing_seats.models import Seat, UndoableChange
from billing_seats.plans import Feature, has_feature
from members import audit
from members.access import Action, Actor
from members.acting import acting
from members.errors import InvalidRequest, NotFound
from members.models import Membership, Role, User

KEPT_FOR = timedelta(seconds=10)
"""As long as the message with the button is shown; by the database's clock."""

_PLACE = ("role", "status", "seats_before", "external_id", "metadata")
_TIMES = ("expires_at", "joined_at", "last_active_at")
"""What is kept of a removed member's place; name and address are the account's."""


def change_undoably(
    actor: Actor, member_id: uuid.UUID, changes: MemberChanges
) -> tuple[MemberResult, UndoableChange | None]:
    """Change a member as ``change_member`` does; return with the result what ``undo`` takes back, if anything changed.

    Raises what ``change_member`` raises.
    """
    with transaction.atomic():
        result = change_member(actor, member_id, changes)
        if result.unchanged or result.inverse is None:
            return result, None
        version = actor.workspace.memberships.values_list("updated_at", flat=True).get(id=member_id)
        return result, keep(actor, member_id, version, result.inverse.to_json())


def remove_undoably(actor: Actor, member_id: uuid.UUID) -> tuple[Membership, UndoableChange]:
    """Remove a member as ``services.remove`` does; return them, and what ``undo`` takes back.

    Raises what ``services.remove`` raises.
    """
    with transaction.atomic():
        # Read before the lock: a change in between is refused by the version, when it is undone.
        member = actor.workspace.memberships.filter(id=member_id).first()
        seats = list(actor.workspace.seats.filter(membership=member_id).values_list("product__slug", flat=True))
        result = change_member(actor, member_id, MemberChanges(remove=True))
        if member is None or result.member is None:
            raise NotFound
        place = {name: getattr(member, name) for name in _PLACE} | {"user_id": str(member.user_id)}
        times = {name: at.isoformat() for name in _TIMES if (at := getattr(member, name))}
        return member, keep(actor, member_id, member.updated_at, {"place": place, "times": times, "seats": seats})


def keep(actor: Actor, target_id: uuid.UUID, version: datetime, inverse: dict[str, Any]) -> UndoableChange:
    """Keep for a few seconds what takes the actor's change back."""
    actor.workspace.undoable_changes.filter(created_at__lt=Now() - KEPT_FOR).delete()
    return UndoableChange.objects.create(
        workspace=actor.workspace,
        actor_type=actor.kind,
        actor_id=actor.id,
        member_id=target_id,
        version=version,
        inverse=inverse,
    )


def find(actor: Actor, change_id: uuid.UUID) -> UndoableChange:
    """Return the actor's own change; raise InvalidRequest if it can no longer be undone."""
    mine = actor.workspace.undoable_changes.filter(actor_type=actor.kind, actor_id=actor.id)
    kept = mine.filter(id=change_id).first()
    if kept is None:
        raise _too_late()
    return kept


def claim(kept: UndoableChange) -> None:
    """Use the change up, under the workspace's lock; raise InvalidRequest if it is too late or was undone already."""
    if not UndoableChange.objects.filter(id=kept.id, created_at__gte=Now() - KEPT_FOR).delete()[0]:
        raise _too_late()


def undo(actor: Actor, change_id: uuid.UUID) -> Membership:
    """Make the member as they were before the actor's own change, and return them. It works once.

    Raises:
        PermissionDenied, LastAdmin, SeatsExhausted, OverAssigned, PlanRequired: as for any change.
        InvalidRequest: too late, somebody else's, undone already, or the member has changed since.
    """
    kept = find(actor, change_id)
    if "place" in kept.inverse:
        return _restore(actor, kept)
    inverse = MemberChanges.from_json(kept.inverse)
    with acting(actor, *inverse.actions) as current:
        claim(kept)
        batch = MemberBatch(current, [kept.member_id], inverse)
        member = batch.members.get(kept.member_id)
        if member is None or member.updated_at != kept.version:
            raise changed_since()
        if inverse.role == Role.ADMIN or (inverse.status and member.role == Role.ADMIN):
            _require_no_key_revives(current, member.user_id)
        result = batch.change(kept.member_id, inverse)
        if result.error:
            raise result.error
        batch.write()
    return member


def _restore(actor: Actor, kept: UndoableChange) -> Membership:
    """Give a removed member their place back, with those of their seats that are still free."""
    with acting(actor, Action.REMOVE) as current:
        claim(kept)
        place = kept.inverse["place"]
        user = User.objects.filter(id=place["user_id"], is_active=True).first()
        taken = Q(user=place["user_id"]) | Q(email=user.email if user else "")
        if user is None or current.workspace.memberships.filter(taken).exists():
            raise changed_since()
        if place["role"] == Role.ADMIN:
            _require_no_key_revives(current, user.id)
        place |= {name: datetime.fromisoformat(at) for name, at in kept.inverse["times"].items()}
        member = Membership(id=kept.member_id, workspace=current.workspace, email=user.email, name=user.name, **place)
        member.save(force_insert=True)
        given = seats_again(current, member, kept.inverse["seats"])
        changes: dict[str, list[Any]] = {
            "role": [None, member.role],
            "status": [None, member.status],
            "seats": [[], given],
        }
        audit.record(current, current.workspace.id, "member.restored", member, changes)
    return member


def seats_again(current: Actor, member: Membership, slugs: Sequence[str]) -> list[str]:
    """Give the seats of which one is left, and return their slugs."""
    if not slugs or not has_feature(current.workspace, Feature.INVITATIONS):
        return []
    budgets = seat_budgets(current.workspace, set(slugs), wanted=1)
    left = [one for one in budgets if not one.product.retired and one.refusal() is None]
    Seat.objects.bulk_create(
        [Seat(workspace=current.workspace, membership=member, product=one.product) for one in left]
    )
    return sorted(one.product.slug for one in left)


def changed_since() -> InvalidRequest:
    """Return the refusal to undo what something else has changed."""
    return InvalidRequest(_("This person has changed since. Nothing was undone."), code="changed")


def _too_late() -> InvalidRequest:
    return InvalidRequest(_("This can no longer be undone."), code="expired")


def _require_no_key_revives(actor: Actor, user_id: uuid.UUID | None) -> None:
    """Raise InvalidRequest if the person's API keys, which stopped with their rights, would work again by it."""
    if actor.workspace.api_keys.filter(created_by_id=user_id, created_by__isnull=False, revoked_at=None).exists():
        message = _("Their API keys would work again. Make the change yourself if you want that.")
        raise InvalidRequest(message, code="keys")
