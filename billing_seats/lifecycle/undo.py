"""A change to one member taken back by whoever made it, within seconds, unless something has changed since."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from billing_seats.lifecycle.changes import MemberChanges, MemberResult
from billing_seats.lifecycle.engine import MemberBatch
from billing_seats.lifecycle.services import change_member
from billing_seats.models import UndoableChange
from members.access import Actor
from members.acting import acting
from members.errors import InvalidRequest
from members.models import ApiKey, Membership, Role

KEPT_FOR = timedelta(seconds=10)
"""As long as the message with the button is shown; by the database's clock."""


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
        old = actor.workspace.undoable_changes.filter(created_at__lt=Now() - KEPT_FOR)
        old.delete()
        kept = UndoableChange.objects.create(
            workspace=actor.workspace,
            actor_type=actor.kind,
            actor_id=actor.id,
            member_id=member_id,
            version=actor.workspace.memberships.values_list("updated_at", flat=True).get(id=member_id),
            inverse=result.inverse.to_json(),
        )
    return result, kept


def undo(actor: Actor, change_id: uuid.UUID) -> Membership:
    """Make the member as they were before the actor's own change, and return them. It works once.

    Raises:
        PermissionDenied, LastAdmin, SeatsExhausted, OverAssigned, PlanRequired: as for any change.
        InvalidRequest: too late, somebody else's, undone already, or the member has changed since.
    """
    own = actor.workspace.undoable_changes.filter(actor_type=actor.kind, actor_id=actor.id, id=change_id)
    kept = own.first()
    if kept is None:
        raise _too_late()
    inverse = MemberChanges.from_json(kept.inverse)
    with acting(actor, *inverse.actions) as current:
        if not own.filter(created_at__gte=Now() - KEPT_FOR).delete()[0]:
            raise _too_late()
        batch = MemberBatch(current, [kept.member_id], inverse)
        member = batch.members.get(kept.member_id)
        if member is None or member.updated_at != kept.version:
            raise InvalidRequest(_("This person has changed since. Nothing was undone."), code="changed")
        _require_no_key_revives(member, inverse)
        result = batch.change(kept.member_id, inverse)
        if result.error:
            raise result.error
        batch.write()
    return member


def _too_late() -> InvalidRequest:
    return InvalidRequest(_("This can no longer be undone."), code="expired")


def _require_no_key_revives(member: Membership, inverse: MemberChanges) -> None:
    """Raise InvalidRequest if the person's API keys, which stopped with their rights, would work again by it."""
    admin = inverse.role == Role.ADMIN or (inverse.status and member.role == Role.ADMIN)
    keys = ApiKey.objects.filter(workspace_id=member.workspace_id, created_by_id=member.user_id, revoked_at=None)
    if admin and member.user_id and keys.exists():
        message = _("Their API keys would work again. Make the change yourself if you want that.")
        raise InvalidRequest(message, code="keys")
