"""The database's clock, the days on which access ends, and moments in words. Days are UTC's, for everybody."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import ceil
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, Func
from django.utils import timezone
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

NEVER = datetime(1, 1, 1, tzinfo=UTC)
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Each stands for a time that is not set, so that rows without one have a place in an order: first, or last."""


class OrNever(Func):
    """A column's time, or NEVER. It is written into the SQL, since an index can't be matched by a parameter."""

    template = "COALESCE(%(expressions)s, '0001-01-01 00:00:00+00'::timestamptz)"
    arity = 1
    output_field: Any = DateTimeField()


class OrForever(OrNever):
    """A column's time, or FOREVER."""

    template = "COALESCE(%(expressions)s, '9999-12-31 00:00:00+00'::timestamptz)"


def database_now() -> datetime:
    """Return the database's time at this statement, in UTC. Read it after waiting for a lock, never before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


LAST = date(2999, 12, 31)
"""The last day that can be chosen."""
_UNITS = (timedelta(weeks=1), timedelta(days=1), timedelta(hours=1), timedelta(minutes=1))
_MONTH = timedelta(days=28)
"""From here on the length of months matters."""
_START = datetime(2001, 1, 1, tzinfo=UTC)


def end_of(day: date) -> datetime:
    """Return the end of the day, in UTC."""
    return datetime.combine(day + timedelta(days=1), time.min, UTC)


def last_day(end: datetime) -> date:
    """Return the last full or partial day before this moment, in UTC."""
    return (end.astimezone(UTC) - timedelta(microseconds=1)).date()


def today() -> date:
    """Return today's date in UTC."""
    return timezone.now().astimezone(UTC).date()


def ago(at: datetime) -> str:
    """Return how long ago that was, in the largest unit."""
    past = timezone.now() - at
    if past >= _MONTH:
        return _("%(time)s ago") % {"time": timesince(at, depth=1)}
    unit = next((unit for unit in _UNITS if past >= unit), None)
    return _("just now") if unit is None else _whole_ago(past // unit * unit, get_language())


@lru_cache(maxsize=1_000)
def _whole_ago(past: timedelta, language: str) -> str:  # noqa: ARG001 -- what the words depend on
    """Return ``ago`` for a whole number of units; cached, since lists repeat few values on many lines."""
    return _("%(time)s ago") % {"time": timesince(_START, _START + past, depth=1)}


def offer_ends(at: datetime) -> str:
    """Return when an invitation expires, or how long ago it did."""
    left = at - timezone.now()
    if left <= timedelta(0):
        return _("Expired %(ago)s") % {"ago": ago(at)}
    if left <= timedelta(days=1):
        return _("Expires in %(time)s") % {"time": timeuntil(at, depth=1)}
    # Rounded up: an offer of seven days that has just left has seven days.
    return _expires_in(ceil(left / timedelta(days=1)), get_language())


@lru_cache(maxsize=1_000)
def _expires_in(days: int, language: str) -> str:  # noqa: ARG001 -- what the words depend on
    return ngettext("Expires in %(days)s day", "Expires in %(days)s days", days) % {"days": days}


def access_ends(at: datetime) -> str:
    """Return when a guest's access ends, or how long ago it did."""
    if at <= timezone.now():
        return _("Access ended %(ago)s") % {"ago": ago(at)}
    return _("Access ends in %(time)s") % {"time": timeuntil(at, depth=1)}
