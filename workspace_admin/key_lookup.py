"""Keys by their id, with all that letting one in needs, each in one statement.

The statements are compiled once in a process's life: building them anew at every call cost more than all the rest of
it, the database included.
"""

import uuid
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model

from billing_seats.models import Product, ProductKey, Subscription
from members.calls import OVER
from members.models import ApiKey, Workspace

NOBODY = uuid.UUID(int=0)
"""Stands in a compiled statement where an id will be."""
JUDGEMENT = ("over", "answered_for")
_WORKSPACE, _PLAN, _PRODUCT = "workspace__", "workspace__subscription__", "product__"


def api_key(key_id: uuid.UUID) -> ApiKey | None:
    """Answer the workspace's key with this id, judged, with its workspace and that one's subscription."""
    row = _row(_of_workspaces(), key_id)
    if row is None:
        return None
    key, workspace, plan = _made(ApiKey, row), _made(Workspace, row), _made(Subscription, row)
    key.over, key.answered_for = row  # type: ignore[attr-defined]  # -- as annotations are
    key.workspace, workspace.subscription = workspace, plan
    return key


def product_key(key_id: uuid.UUID) -> ProductKey | None:
    """Answer the product's key with this id, judged, with its product."""
    row = _row(_of_products(), key_id)
    if row is None:
        return None
    key, key.product = _made(ProductKey, row), _made(Product, row)
    [key.over] = row  # type: ignore[attr-defined]  # -- as annotations are
    return key


@cache
def _of_workspaces() -> tuple[str, tuple[Any, ...]]:
    names = (*_columns(ApiKey), *_columns(Workspace, _WORKSPACE), *_columns(Subscription, _PLAN), *JUDGEMENT)
    return ApiKey.objects.judged().filter(id=NOBODY).values_list(*names).query.sql_with_params()


@cache
def _of_products() -> tuple[str, tuple[Any, ...]]:
    names = (*_columns(ProductKey), *_columns(Product, _PRODUCT), "over")
    return ProductKey.objects.annotate(over=OVER).filter(id=NOBODY).values_list(*names).query.sql_with_params()


def _columns(model: type[Model], prefix: str = "") -> list[str]:
    return [f"{prefix}{field.attname}" for field in model._meta.concrete_fields]  # noqa: SLF001 -- Django's public name


def _row(statement: tuple[str, tuple[Any, ...]], key_id: uuid.UUID) -> Iterator[Any] | None:
    sql, values = statement
    with connection.cursor() as cursor:
        cursor.execute(sql, [key_id if value == NOBODY else value for value in values])
        row = cursor.fetchone()
    return None if row is None else iter(row)


def _made[Row: Model](model: type[Row], row: Iterator[Any]) -> Row:
    """Answer the next columns of the row as the model that they are of."""
    names = _names(model)
    return model.from_db(DEFAULT_DB_ALIAS, names, [next(row) for _ in names])


@cache
def _names(model: type[Model]) -> list[str]:
    return _columns(model)
