"""Statements built once in a process's life and read many times: the ORM takes longer to build one than to read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Self
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet

A_WORKSPACE, AN_ID = UUID(int=1), UUID(int=2)
A_TIME = datetime(1, 1, 1, microsecond=1, tzinfo=UTC)
"""Blanks: each stands where a value will be at each reading, and is none that any row could have. See ``a_text``."""


def a_text(name: str) -> str:
    """Answer the blank for a text of this name."""
    return f"\0{name}"


@cache
def columns(model: type[Model], prefix: str = "") -> tuple[str, ...]:
    """Answer the names of all the model's columns for ``values_list``, each led by the way to them."""
    return tuple(f"{prefix}{field.attname}" for field in model._meta.concrete_fields)  # noqa: SLF001 -- public by its documentation


def made[Row: Model](model: type[Row], row: Iterator[Any]) -> Row:
    """Build a model from the next columns of a row: all of them, in the order of ``columns``."""
    values = [next(row) if read is None else read(next(row), None, connection) for read in _readers(model)]
    return model.from_db(DEFAULT_DB_ALIAS, columns(model), values)


@cache
def _readers(model: type[Model]) -> tuple[Any, ...]:
    """Return for each column what turns the database's value into Python's (JSON, say), or None."""
    return tuple(getattr(field, "from_db_value", None) for field in model._meta.concrete_fields)  # noqa: SLF001 -- as above


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
