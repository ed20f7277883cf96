"""How a call of the REST API is told of in its schema, and heeded: beside the call, in one place."""

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any, TypedDict, Unpack

from django.http import HttpResponse
from django.utils.text import slugify
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from members.errors import DomainError
from members.rest.resource import Resource

KEYS, PEOPLE, PRODUCTS = "keys", "people", "products"
"""Who may call: people who signed in can always; API keys but for PEOPLE; the keys of products for PRODUCTS only."""


class How(TypedDict, total=False):
    """What else ``described`` can be told of a call."""

    status: int
    query: Any
    body: Any
    callers: str
    """KEYS unless it is said."""
    refuses: Sequence[type[DomainError]]
    """What it can refuse beyond what follows from its method and path."""


def described[Call: Callable[..., Any]](summary: str, answer: Any, **how: Unpack[How]) -> Callable[[Call], Call]:
    """Answer a decorator that describes a call in the schema; a POST heeds Idempotency-Key then, a PATCH If-Match."""
    in_schema: Callable[[Any], Any] = extend_schema(
        operation_id=slugify(summary),
        summary=summary,
        request=how.get("body"),
        parameters=[how["query"]] if "query" in how else [],
        responses={how.get("status", 200): answer},
    )

    def describe(call: Call) -> Call:
        told: Any = in_schema(_AROUND.get(call.__name__, lambda plain: plain)(call))
        told.refuses, told.callers = how.get("refuses", ()), how.get("callers", KEYS)
        told.reads_query = "query" in how
        kept: Call = told
        return kept

    return describe


def _repeatable(call: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(call)
    def post(self: Resource, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.once(partial(call, self, *args, **kwargs))

    return post


def _conditional(call: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(call)
    def patch(self: Resource, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.unchanged(partial(call, self, *args, **kwargs), *args, **kwargs)

    return patch


_AROUND = {"post": _repeatable, "patch": _conditional}


def page_of(item: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Answer the shape of a page of such items, for the schema."""
    fields = {
        "data": item(many=True),
        "next_cursor": serializers.CharField(allow_null=True, help_text="For `cursor`; null on the last page."),
        "prev_cursor": serializers.CharField(allow_null=True, help_text="For `cursor`; null on the first page."),
        "total": serializers.IntegerField(required=False, help_text="Of all pages: with `include=total`."),
    }
    return type(f"{item.__name__}Page", (serializers.Serializer,), fields)
