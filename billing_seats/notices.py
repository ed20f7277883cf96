"""Emails to Admins and Billing: seats run low, or an invitation was refused because no seat was available."""

import uuid
from collections.abc import Collection, Sequence
from functools import partial

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from billing_seats.budgets import SeatBudget, SeatCount, seat_counts
from billing_seats.models import Notice, SeatPool
from members.access import ROLE_TABLE, Action
from members.models import Workspace
from members.outbox import queue
from members.outbox.compose import compose


def notify_admins(workspace: Workspace, budgets: Sequence[SeatBudget], refused: Collection[uuid.UUID] = ()) -> None:
    """Write the notices that these budgets call for, each once until it is over, and nudge the worker.

    ``refused`` are ids of products without a seat for an invitation, reported once until seats are available again.
    """
    workspace.require_lock()
    news = [(budget, kind) for budget in budgets if (kind := _news(budget, was_refused=budget.product.id in refused))]
    written = [notice for budget, kind in news for notice in _notices(workspace, budget, kind)]
    if written:
        Notice.objects.bulk_create(written)
        transaction.on_commit(partial(queue.nudge, "billing_seats.tasks.drain"), robust=True)


def _news(budget: SeatBudget, *, was_refused: bool) -> Notice.Kind | None:
    """Return what to report about the budget, if anything, and save since when invitations are refused."""
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


def render(notice: Notice) -> EmailMultiAlternatives | None:
    """Return a notice's message from the database as it is now.

    None if it is no longer true: seats are available again, a later notice says the same, the product is no longer
    sold, or the reader may no longer see the subscription.
    """
    count = next((one for one in seat_counts(notice.workspace) if one.product.pk == notice.product_id), None)
    if count is None or not _is_true(notice, count) or not _is_wanted(notice):
        return None
    return compose(
        f"seats_{notice.kind}",
        to=notice.recipient,
        language=notice.language,
        message_id=notice.message_id,
        key=str(notice.pk),
        context={
            "workspace": notice.workspace.name,
            "count": count,
            "self_service": settings.SELF_SERVICE_SEATS,
            "url": settings.BASE_URL + reverse("subscription", args=[notice.workspace.slug]),
            "email": notice.recipient,
        },
    )


def _is_true(notice: Notice, count: SeatCount) -> bool:
    if count.product.retired:
        return False
    return not count.available if notice.kind == Notice.Kind.REFUSED else count.is_low


def _is_wanted(notice: Notice) -> bool:
    readers = notice.workspace.memberships.active().filter(role__in=ROLE_TABLE[Action.VIEW_SUBSCRIPTION])
    later = notice.workspace.notices.filter(product=notice.product_id, kind=notice.kind, recipient=notice.recipient)
    return (
        readers.filter(email=notice.recipient).exists() and not later.filter(created_at__gt=notice.created_at).exists()
    )
