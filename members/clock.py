"""The one clock: the database's."""

from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, Func

NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""Stands for a time that is not set, so that rows without one have a place in an order."""


class OrNever(Func):
    """A column's time, or NEVER; that is written out, since no index is found by what a prepared statement is told."""

    template = "COALESCE(%(expressions)s, '0001-01-01 00:00:00+00'::timestamptz)"
    arity = 1
    output_field: Any = DateTimeField()


def database_now() -> datetime:
    """Return the database's time at this statement, in UTC. Read it after waiting for a lock, never before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
