"""Telling Admins and Billing that seats run out: when the last ones are reached, and when an invite was refused."""

import uuid
from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models.functions import Now

from billing_seats import tasks
from billing_seats.counts import Room
from billing_seats.models import Notice, SeatPool
from members.access import ROLE_TABLE, Action
from members.models import Workspace


def tell(workspace: Workspace, rooms: Sequence[Room], refused: Collection[uuid.UUID] = ()) -> None:
    """Write the notices that a change of these rooms calls for, each once per crossing, and ring for the worker.

    ``refused`` are ids of products for want of which an invite was refused: told once, until there was room again.
    """
    workspace.require_lock()
    written: list[Notice] = []
    for room in rooms:
        if room.runs_low:
            written += _notices(workspace, room, Notice.Kind.LOW)
        since, wanting = room.pool.refused_since, room.product.id in refused
        if wanting and (since is None or room.before > 0):
            written += _notices(workspace, room, Notice.Kind.REFUSED)
            SeatPool.objects.filter(id=room.pool.id).update(refused_since=Now())
        elif since is not None and max(room.before, room.free) > 0:
            SeatPool.objects.filter(id=room.pool.id).update(refused_since=None)
    if written:
        Notice.objects.bulk_create(written)
        transaction.on_commit(tasks.nudge, robust=True)


def _notices(workspace: Workspace, room: Room, kind: Notice.Kind) -> list[Notice]:
    readers = workspace.memberships.active().filter(role__in=ROLE_TABLE[Action.VIEW_SUBSCRIPTION])
    return [
        Notice(workspace=workspace, product=room.product, kind=kind, recipient=email, language=language)
        for email, language in readers.values_list("email", "user__language")
    ]
