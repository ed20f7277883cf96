"""Recounting the seats of a workspace, to check the counters that the database keeps."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from billing_seats.budgets import SeatCount, count_of, with_counts
from billing_seats.models import Seat, SeatPool
from members import audit
from members.access import Action, Actor
from members.acting import acting
from members.models import Workspace


@dataclass(frozen=True)
class Finding:
    """One recounted pool: its counter, its rows of Seat, and its counts."""

    pool: SeatPool
    assigned: int
    rows: int
    count: SeatCount

    @property
    def drifted(self) -> bool:
        """Whether the counter was wrong."""
        return self.assigned != self.rows


def recount(actor: Actor, *, repair: bool = False) -> Sequence[Finding]:
    """Count the seats of every pool of the workspace under its lock, and return what was found, by slug.

    With ``repair``, counters that have drifted are set to the number of rows, and the audit log says so.
    """
    with acting(actor, Action.CHANGE_SUBSCRIPTION) as current:
        workspace = current.workspace
        findings = [_finding(pool) for pool in _counted_anew(workspace)]
        drifted = [finding for finding in findings if finding.drifted]
        if repair and drifted:
            _mend(current, workspace, drifted)
        return findings


def _counted_anew(workspace: Workspace) -> Sequence[SeatPool]:
    """Return the pools with their seats recounted, in one statement."""
    seats = Seat.objects.filter(workspace=workspace, product=OuterRef("product_id")).order_by().values("product_id")
    rows = Coalesce(Subquery(seats.annotate(number=Count("id")).values("number")), 0)
    return list(with_counts(workspace.seat_pools.order_by("product__slug")).annotate(rows=rows))


def _finding(pool: SeatPool) -> Finding:
    assigned, rows = pool.assigned, vars(pool)["rows"]
    pool.assigned = rows
    return Finding(pool, assigned, rows, count_of(pool))


def _mend(actor: Actor, workspace: Workspace, drifted: Sequence[Finding]) -> None:
    changes: dict[str, list[Any]] = {}
    for finding in drifted:
        _set(finding.pool.id, finding.rows)
        changes[finding.pool.product.slug] = [finding.assigned, finding.rows]
    audit.record(actor, workspace.id, "seats.recounted", workspace, changes)


def _set(pool_id: uuid.UUID, rows: int) -> None:
    SeatPool.objects.filter(id=pool_id).update(assigned=rows)
