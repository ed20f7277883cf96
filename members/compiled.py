"""Statements built once in a process's life and read many times: the ORM takes longer to build one than to read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

A_WORKSPACE, AN_ID = UUID(int=1), UUID(int=2)
A_TIME = datetime(1, 1, 1, microsecond=1, tzinfo=UTC)
"""Blanks: each stands where a value will be at each reading, and is none that any row could have. See ``a_text``."""


def a_text(name: str) -> str:
    """Answer the blank for a text of this name."""
    return f"\0{name}"


@dataclass(frozen=True)
class Compiled:
    """A queryset of tuples as SQL, with blanks among its values."""

    sql: str
    values: tuple[Any, ...]

    @classmethod
    def of(cls, rows: QuerySet[Any, Any]) -> Self:
        """Answer the statement; columns come as the database sends them, so JSON is none for it."""
        sql, values = rows.query.sql_with_params()
        return cls(sql, values)

    def read(self, blanks: Mapping[Any, Any]) -> list[tuple[Any, ...]]:
        """Answer the rows, with each blank filled in."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, [blanks.get(value, value) for value in self.values])
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
