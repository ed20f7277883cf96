"""How seats stood day by day: a row of SeatDay per product and day, of which the last 90 days are shown."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import batched

from billing_seats.budgets import SeatCount, counted
from billing_seats.models import SeatDay, SeatPool
from members.clock import database_now
from members.models import Workspace

SHOWN_DAYS = 90
KEPT_DAYS = 400
BATCH = 1000
"""Rows written in one statement, which is a transaction of its own."""


@dataclass(frozen=True)
class Day:
    """How the seats of one product stood at the end of a day, or stand now."""

    day: date
    purchased: int
    in_use: int
    held: int

    @property
    def taken(self) -> int:
        """How many were in use or held."""
        return self.in_use + self.held


def take_stock() -> int:
    """Write how the seats of every workspace stand into the rows of today, and answer how many rows that were.

    Once more on the same day, it brings them up to date. Rows of more than 400 days ago are deleted.
    """
    today = database_now().date()
    pools = SeatPool.objects.order_by("workspace_id", "product_id")
    rows = [_row(workspace, count, today) for workspace, count in counted(pools)]
    for batch in batched(rows, BATCH):
        SeatDay.objects.bulk_create(
            batch,
            update_conflicts=True,
            unique_fields=["workspace", "product", "day"],
            update_fields=["purchased", "in_use", "held"],
        )
    SeatDay.objects.filter(day__lt=today - timedelta(days=KEPT_DAYS)).delete()
    return len(rows)


def _row(workspace: uuid.UUID, count: SeatCount, today: date) -> SeatDay:
    # Counters that drifted must not keep every other workspace from being written.
    in_use = max(count.in_use, 0)
    return SeatDay(
        workspace_id=workspace,
        product=count.product,
        day=today,
        purchased=count.purchased,
        in_use=in_use,
        held=count.held,
    )


def last_days(workspace: Workspace, counts: Iterable[SeatCount], today: date) -> dict[uuid.UUID, list[Day]]:
    """Return the last 90 days by product, with today's figures from the counts, in one statement.

    A day without a row is as the one before; before the first row there is nothing.
    """
    first = today - timedelta(days=SHOWN_DAYS - 1)
    fields = ("product_id", "day", "purchased", "in_use", "held")
    rows = workspace.seat_days.order_by().filter(day__gte=first, day__lt=today).values_list(*fields)
    before = workspace.seat_days.filter(day__lt=first).order_by("product_id", "-day").distinct("product_id")
    known: dict[uuid.UUID, list[Day]] = {}
    for product, *figures in rows.union(before.values_list(*fields), all=True):
        known.setdefault(product, []).append(Day(*figures))
    return {one.product.id: _filled(known.get(one.product.id, []), one, first, today) for one in counts}


def _filled(rows: Sequence[Day], count: SeatCount, first: date, today: date) -> list[Day]:
    by_day = {row.day: row for row in rows}
    last = next((row for row in rows if row.day < first), None)
    days = []
    for at in (first + timedelta(days=number) for number in range((today - first).days)):
        last = by_day.get(at, last)
        if last is not None:
            days.append(replace(last, day=at))
    return [*days, Day(today, count.purchased, count.in_use, count.held)]


def turns(days: Sequence[Day]) -> list[Day]:
    """Return the first day and those on which a figure changed, newest first."""
    changed = [
        day
        for before, day in zip([None, *days], days, strict=False)
        if before is None or _figures(day) != _figures(before)
    ]
    return changed[::-1]


def _figures(day: Day) -> tuple[int, int, int]:
    return day.purchased, day.in_use, day.held
