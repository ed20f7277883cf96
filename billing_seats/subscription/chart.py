"""The chart of seats in use and seats bought, as SVG paths. The server draws it, without script or style."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, groupby

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from billing_seats.subscription.seat_history import SHOWN_DAYS, Day, turns

HEIGHT = 100
STEPS = (1, 2, 3, 4, 5, 6, 8)
"""The middle of the scale is one of these, times a power of ten."""


@dataclass(frozen=True)
class Chart:
    """The lines of one product as SVG paths, a day being one wide; ``ticks`` are the scale's numbers, from the top."""

    label: str
    days: Sequence[Day]
    ticks: tuple[int, int, int]
    in_use: str
    taken: str
    over: str
    bought: str

    width = SHOWN_DAYS
    height, middle = HEIGHT, HEIGHT // 2

    @property
    def first(self) -> date:
        """Return the day at the left edge, drawn or not."""
        return self.days[-1].day - timedelta(days=SHOWN_DAYS - 1)

    @property
    def turns(self) -> list[Day]:
        """Return the days on which a number changed, newest first, for the table."""
        return turns(self.days)


def draw(product: str, days: Sequence[Day]) -> Chart:
    """Return the chart of a product over these days; the last is today."""
    middle = _middle(max(max(day.purchased, day.taken) for day in days))
    scale = _Scale(days, 2 * middle)
    return Chart(
        label=_label(product, days),
        days=days,
        ticks=(2 * middle, middle, 0),
        in_use=scale.area(lambda day: day.in_use),
        taken=scale.area(lambda day: day.taken),
        over=scale.above(lambda day: day.purchased, lambda day: day.taken),
        bought=scale.line(lambda day: day.purchased),
    )


def _middle(most: int) -> int:
    """Return half the height of the scale: the first round number that leaves room above the maximum."""
    scale = (step * int(10**power) for power in count() for step in STEPS)
    return next(middle for middle in scale if 2 * middle > most)


def _label(product: str, days: Sequence[Day]) -> str:
    first, last = days[0], days[-1]
    message = _(
        "Seats of %(product)s in use since %(first)s: from %(before)s of %(bought_before)s bought to %(now)s of "
        "%(bought_now)s bought, at most %(most)s."
    )
    return message % {
        "product": product,
        "first": date_format(first.day),
        "before": first.in_use,
        "bought_before": first.purchased,
        "now": last.in_use,
        "bought_now": last.purchased,
        "most": max(day.in_use for day in days),
    }


class _Scale:
    """Maps days and numbers to coordinates: the last day is at the right edge, ``top`` at the upper one."""

    def __init__(self, days: Sequence[Day], top: int) -> None:
        self.days, self.top, self.left = days, top, SHOWN_DAYS - len(days)

    def _y(self, value: int) -> str:
        return f"{HEIGHT - value * HEIGHT / self.top:.4g}"

    def _runs[Value](self, value: Callable[[Day], Value]) -> Iterator[tuple[int, int, Value]]:
        """Return each run of equal values with its start and end."""
        at = self.left
        for same, run in groupby(self.days, value):
            start, at = at, at + len(list(run))
            yield start, at, same

    def _steps(self, value: Callable[[Day], int]) -> str:
        return "".join(f"V{self._y(same)}H{end}" for _start, end, same in self._runs(value))

    def line(self, value: Callable[[Day], int]) -> str:
        """Return the values as a stepped line."""
        return f"M{self.left} {self._y(value(self.days[0]))}{self._steps(value)}"

    def area(self, value: Callable[[Day], int]) -> str:
        """Return the area below the values."""
        return f"M{self.left} {HEIGHT}{self._steps(value)}V{HEIGHT}Z"

    def above(self, low: Callable[[Day], int], high: Callable[[Day], int]) -> str:
        """Return the area between two values where the second is greater."""
        runs = self._runs(lambda day: (low(day), high(day)))
        return "".join(
            f"M{start} {self._y(under)}V{self._y(over)}H{end}V{self._y(under)}Z"
            for start, end, (under, over) in runs
            if over > under
        )
