"""``@described``: an endpoint's OpenAPI entry and its Idempotency-Key and If-Match handling."""

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
"""Who may call besides a session: API keys; nobody; API keys and product keys."""


class EndpointOptions(TypedDict, total=False):
    """What ``described`` takes besides summary and response."""

    status: int
    query: Any
    body: Any
    accepted: Any
    """The response with 202, where a caller can prefer one with ``Prefer: respond-async``."""
    callers: str
    """KEYS unless given."""
    refuses: Sequence[type[DomainError]]
    """Errors beyond those that follow from method and path."""


def described[Call: Callable[..., Any]](
    summary: str, response: Any, **options: Unpack[EndpointOptions]
) -> Callable[[Call], Call]:
    """Return a decorator that adds the OpenAPI entry; a POST then honours Idempotency-Key, a PATCH If-Match."""
    responses = {options.get("status", 200): response}
    if "accepted" in options:
        responses[202] = options["accepted"]
    in_schema: Callable[[Any], Any] = extend_schema(
        operation_id=slugify(summary),
        summary=summary,
        request=options.get("body"),
        parameters=[options["query"]] if "query" in options else [],
        responses=responses,
    )

    def describe(call: Call) -> Call:
        endpoint: Any = in_schema(_WRAPPERS.get(call.__name__, lambda plain: plain)(call))
        endpoint.refuses, endpoint.callers = options.get("refuses", ()), options.get("callers", KEYS)
        endpoint.reads_query = "query" in options
        endpoint.can_wait = "accepted" in options
        typed: Call = endpoint
        return typed

    return describe


def _idempotent(call: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(call)
    def post(self: Resource, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.once(partial(call, self, *args, **kwargs))

    return post


def _conditional(call: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(call)
    def patch(self: Resource, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.unchanged(partial(call, self, *args, **kwargs), *args, **kwargs)

    return patch


_WRAPPERS = {"post": _idempotent, "patch": _conditional}


def page_of(item: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Return the serializer class of a page of such items, for the schema."""
    fields = {
        "data": item(many=True),
        "next_cursor": serializers.CharField(allow_null=True, help_text="For `cursor`; null on the last page."),
        "prev_cursor": serializers.CharField(allow_null=True, help_text="For `cursor`; null on the first page."),
        "total": serializers.IntegerField(required=False, help_text="The count of all pages, with `include=total`."),
    }
    return type(f"{item.__name__}Page", (serializers.Serializer,), fields)
