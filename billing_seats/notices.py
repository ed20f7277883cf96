"""Notify Admins and Billing when seats run low, and when an invitation was refused because none was available."""

import uuid
from collections.abc import Collection, Sequence
from functools import partial

from django.db import transaction
from django.db.models.functions import Now

from billing_seats.budgets import SeatBudget
from billing_seats.models import Notice, SeatPool
from members.access import ROLE_TABLE, Action
from members.models import Workspace
from members.outbox import queue


def notify_admins(workspace: Workspace, budgets: Sequence[SeatBudget], refused: Collection[uuid.UUID] = ()) -> None:
    """Write the notices that a change of these budgets calls for, each once per crossing, and nudge the worker.

    ``refused`` are ids of products without a seat for an invitation; reported once until there are seats again.
    """
    workspace.require_lock()
    news = [(budget, kind) for budget in budgets if (kind := _news(budget, was_refused=budget.product.id in refused))]
    written = [notice for budget, kind in news for notice in _notices(workspace, budget, kind)]
    if written:
        Notice.objects.bulk_create(written)
        transaction.on_commit(partial(queue.nudge, "billing_seats.tasks.drain"), robust=True)


def _news(budget: SeatBudget, *, was_refused: bool) -> Notice.Kind | None:
    """Return what to say about the budget, if anything, and note since when invitations are refused."""
    since, pool = budget.pool.refused_since, SeatPool.objects.filter(id=budget.pool.id)
    if was_refused and (since is None or budget.before > 0):
        pool.update(refused_since=Now())
        return Notice.Kind.REFUSED
    if since is not None and max(budget.before, budget.free) > 0:
        pool.update(refused_since=None)
    return Notice.Kind.LOW if budget.runs_low and not budget.product.retired else None


def _notices(workspace: Workspace, budget: SeatBudget, kind: Notice.Kind) -> list[Notice]:
    readers = workspace.memberships.active().filter(role__in=ROLE_TABLE[Action.VIEW_SUBSCRIPTION])
    return [
        Notice(workspace=workspace, product=budget.product, kind=kind, recipient=email, language=language)
        for email, language in readers.values_list("email", "user__language")
    ]
