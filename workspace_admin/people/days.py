"""Moments in words, and the days on which access ends: in UTC, so that a day is the same one for everybody."""

from datetime import UTC, date, datetime, time, timedelta
from math import ceil

from django.utils import timezone
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

LAST = date(2999, 12, 31)
"""The last day that can be chosen."""
_MINUTE = 60


def end_of(day: date) -> datetime:
    """Answer the moment at which the day is over, in UTC."""
    return datetime.combine(day + timedelta(days=1), time.min, UTC)


def last_day(end: datetime) -> date:
    """Answer the day through which something that ends at this moment lasts, in UTC."""
    return (end.astimezone(UTC) - timedelta(microseconds=1)).date()


def today() -> date:
    """Answer the day that it is in UTC."""
    return timezone.now().astimezone(UTC).date()


def ago(at: datetime) -> str:
    """Answer how long ago that was, in the largest unit."""
    if (timezone.now() - at).total_seconds() < _MINUTE:
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(at, depth=1)}


def offer_ends(at: datetime) -> str:
    """Answer when an offer expires, or how long ago it did."""
    left = at - timezone.now()
    if left <= timedelta(0):
        return _("Expired %(ago)s") % {"ago": ago(at)}
    if left <= timedelta(days=1):
        return _("Expires in %(time)s") % {"time": timeuntil(at, depth=1)}
    # Rounded up: an offer of seven days that has just left has seven days.
    days = ceil(left / timedelta(days=1))
    return ngettext("Expires in %(days)s day", "Expires in %(days)s days", days) % {"days": days}


def access_ends(at: datetime) -> str:
    """Answer in how long a guest's access ends, or how long ago it did."""
    if at <= timezone.now():
        return _("Access ended %(ago)s") % {"ago": ago(at)}
    return _("Access ends in %(time)s") % {"time": timeuntil(at, depth=1)}
