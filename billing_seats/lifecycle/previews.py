"""Previews of changes to many members, saved so that exactly what was shown is confirmed."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from billing_seats.lifecycle.changes import MemberChanges, MemberResult
from billing_seats.models import MemberPreview
from members.access import Actor, require
from members.errors import InvalidRequest

KEPT_FOR = timedelta(minutes=15)


def save_preview(actor: Actor, changes: MemberChanges, results: Sequence[MemberResult]) -> MemberPreview:
    """Save what a dry run showed, for its actor."""
    for action in changes.actions:
        require(actor, action)
    actor.workspace.member_previews.filter(created_at__lt=Now() - KEPT_FOR).delete()
    return MemberPreview.objects.create(
        workspace=actor.workspace,
        actor_type=actor.kind,
        actor_id=actor.id,
        changes=changes.to_json(),
        rows=[[str(result.member_id), _shown(result)] for result in results],
    )


def find_preview(actor: Actor, preview_id: uuid.UUID) -> MemberPreview:
    """Return the actor's preview; raise InvalidRequest if it isn't theirs or is more than 15 minutes old."""
    mine = actor.workspace.member_previews.filter(actor_type=actor.kind, actor_id=actor.id)
    preview = mine.filter(id=preview_id, created_at__gte=Now() - KEPT_FOR).first()
    if preview is None:
        message = _("This preview has expired. Preview the change again.")
        raise InvalidRequest(message, field="preview", code="expired")
    return preview


def _shown(result: MemberResult) -> dict[str, Any] | None:
    """Return what was shown for a member, None for a refusal."""
    if result.error or result.member is None:
        return None
    return {"version": result.member.updated_at.isoformat(), "seats_gone": list(result.seats_gone)}
