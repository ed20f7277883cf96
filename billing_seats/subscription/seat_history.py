"""Seat counts day by day: one SeatDay per product and day, the last 90 of which are shown."""

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
"""Rows per statement; each is a transaction of its own."""


@dataclass(frozen=True)
class Day:
    """A product's seats at the end of a day, or now."""

    day: date
    purchased: int
    in_use: int
    held: int

    @property
    def taken(self) -> int:
        """How many were in use or held."""
        return self.in_use + self.held


def take_stock() -> int:
    """Save the seat counts of every workspace as today's rows and return their number; update rows that exist.

    Rows older than 400 days are deleted.
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
    # Wrong counters must not keep every other workspace from being saved.
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

    A day without a row equals the day before it.
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
