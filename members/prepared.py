"""Queries whose SQL is built once per process: the ORM takes longer to build a statement than to run it."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from inspect import signature
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Expression, QuerySet
from django.db.models.query import ModelIterable, NamedValuesListIterable, get_related_populators
from django.db.models.utils import create_namedtuple_class


class Param(Expression):
    """A named parameter of a prepared query; the value is bound each time the query runs."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ARG002 -- Django's signature
        """Return the placeholder, and this parameter in place of its value."""
        return "%s", (self,)


class Prepared[Row]:
    """A queryset whose SQL is built once per process: building it takes longer than running it.

    ``build`` takes parameters by name and returns a queryset; they may stand wherever an expression or a value of
    ``extra`` may. Rows are what the queryset yields: instances with the related rows of ``select_related`` and their
    annotations, or the tuples of ``values_list``.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Row]]) -> None:
        self._build = build

    @cached_property
    def _queryset(self) -> QuerySet[Any, Row]:
        return self._build(**{name: Param(name) for name in signature(self._build).parameters})

    @cached_property
    def _compiled(self) -> tuple[Any, str, tuple[Any, ...]]:
        compiler = self._queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        return compiler, sql, tuple(params)

    @cached_property
    def _converters(self) -> dict[int, Any]:
        compiler = self._compiled[0]
        found: dict[int, Any] = compiler.get_converters([column for column, *_ in compiler.select])
        return found

    @cached_property
    def _make(self) -> Callable[[Sequence[Any]], Any]:
        """Return a function that turns a database row into one of the queryset's."""
        compiler, queryset = self._compiled[0], self._queryset
        kind = queryset._iterable_class  # noqa: SLF001 -- Django says it nowhere else
        if issubclass(kind, ModelIterable):
            return _instance_maker(queryset, compiler)
        if issubclass(kind, NamedValuesListIterable):
            return create_namedtuple_class(*queryset._fields)._make  # type: ignore[attr-defined]  # -- as above
        return tuple

    @property
    def sql(self) -> str:
        """The statement, to embed in a larger one."""
        return self._compiled[1]

    def values(self, **params: Any) -> list[Any]:
        """Return the values to bind to ``sql``."""
        return [params[one.name] if isinstance(one, Param) else one for one in self._compiled[2]]

    def read(self, **params: Any) -> list[Row]:
        """Run the query with these values of its parameters."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.values(**params))
            return self.rows(cursor.fetchall())

    def first(self, **params: Any) -> Row | None:
        """Run the query and return its first row, or None."""
        return next(iter(self.read(**params)), None)

    def rows(self, fetched: Iterable[Sequence[Any]]) -> list[Row]:
        """Turn fetched rows, which begin with the columns of ``sql``, into the queryset's."""
        if self._converters:
            fetched = self._compiled[0].apply_converters(fetched, self._converters)
        return [self._make(row) for row in fetched]


def _instance_maker(queryset: Any, compiler: Any) -> Callable[[Sequence[Any]], Any]:
    """Return a function that builds an instance from a row, as Django's ModelIterable does, prepared in advance."""
    info, select, fetch_mode = compiler.klass_info, compiler.select, queryset._fetch_mode  # noqa: SLF001 -- as above
    model, fields = info["model"], info["select_fields"]
    start, end = fields[0], fields[-1] + 1
    names = [column.target.attname for column, *_ in select[start:end]]
    related = get_related_populators(info, select, DEFAULT_DB_ALIAS, fetch_mode)
    annotations = tuple(compiler.annotation_col_map.items())

    def make(row: Sequence[Any]) -> Any:
        instance = model.from_db(DEFAULT_DB_ALIAS, names, row[start:end], fetch_mode=fetch_mode)
        for one in related:
            one.populate(row, instance)
        for name, place in annotations:
            setattr(instance, name, row[place])
        return instance

    return make
