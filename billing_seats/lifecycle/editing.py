"""Several changes to one member in one step: all of them, or none."""

import uuid
from datetime import datetime
from typing import Any, TypedDict

from billing_seats.lifecycle import services
from members.access import Action, Actor
from members.acting import acting
from members.models import Status
from members.services import change_role


class Changes(TypedDict, total=False):
    """What can be changed about a member at once; ``expires_at`` None stands for no end."""

    role: str
    status: str
    expires_at: datetime | None


def _steps(actor: Actor, member_id: uuid.UUID, changes: Changes) -> list[tuple[bool, Any]]:
    """Answer every step and whether it is asked for, in the order in which none stands in another's way.

    Access ends before a later end would ask for the seats again; an Admin has no end, so it goes before the role comes
    and comes after the role went.
    """
    role, status = changes.get("role", ""), changes.get("status")
    dated, end = "expires_at" in changes, changes.get("expires_at")
    return [
        (status == Status.DEACTIVATED, lambda: services.deactivate(actor, member_id)),
        (dated and end is None, lambda: services.set_end(actor, member_id, None)),
        ("role" in changes, lambda: change_role(actor, member_id, role)),
        (dated and end is not None, lambda: services.set_end(actor, member_id, end)),
        (status == Status.ACTIVE, lambda: services.reactivate(actor, member_id)),
    ]


def change(actor: Actor, member_id: uuid.UUID, changes: Changes) -> None:
    """Make all of these changes to the member. Who is reactivated has the seats again that they had, as far as left.

    Raises:
        PermissionDenied, NotFound, LastAdmin, PlanRequired, SeatsExhausted, OverAssigned
        MemberInvited: an invitee takes a role only.
        InvalidRequest: unknown role, a moment that has passed, an end for an Admin.
    """
    with acting(actor, Action.CHANGE_ROLE) as current:
        for asked, step in _steps(current, member_id, changes):
            if asked:
                step()
