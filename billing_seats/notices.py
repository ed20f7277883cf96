"""Telling Admins and Billing that seats run out: when the last ones are reached, and when an invite was refused."""

import uuid
from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models.functions import Now

from billing_seats import tasks
from billing_seats.budgets import Room
from billing_seats.models import Notice, SeatPool
from members.access import ROLE_TABLE, Action
from members.models import Workspace


def tell(workspace: Workspace, rooms: Sequence[Room], refused: Collection[uuid.UUID] = ()) -> None:
    """Write the notices that a change of these rooms calls for, each once per crossing, and ring for the worker.

    ``refused`` are ids of products for want of which an invite was refused: told once, until there was room again.
    """
    workspace.require_lock()
    told = [(room, kind) for room in rooms if (kind := _news(room, wanting=room.product.id in refused))]
    written = [notice for room, kind in told for notice in _notices(workspace, room, kind)]
    if written:
        Notice.objects.bulk_create(written)
        transaction.on_commit(tasks.nudge, robust=True)


def _news(room: Room, *, wanting: bool) -> Notice.Kind | None:
    """Answer what is to be told of the room, if anything, and note since when invites are refused for want of it."""
    since, pool = room.pool.refused_since, SeatPool.objects.filter(id=room.pool.id)
    if wanting and (since is None or room.before > 0):
        pool.update(refused_since=Now())
        return Notice.Kind.REFUSED
    if since is not None and max(room.before, room.free) > 0:
        pool.update(refused_since=None)
    return Notice.Kind.LOW if room.runs_low and not room.product.retired else None


def _notices(workspace: Workspace, room: Room, kind: Notice.Kind) -> list[Notice]:
    readers = workspace.memberships.active().filter(role__in=ROLE_TABLE[Action.VIEW_SUBSCRIPTION])
    return [
        Notice(workspace=workspace, product=room.product, kind=kind, recipient=email, language=language)
        for email, language in readers.values_list("email", "user__language")
    ]
