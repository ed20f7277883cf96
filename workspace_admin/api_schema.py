"""What the API says of itself: its schema, for programs, and the reference made from it, for people."""

from collections.abc import Callable, Iterator
from functools import cache, wraps
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.serializers import CharField

from members.api import Resource
from members.errors import NotFound
from workspace_admin.errors import answer
from workspace_admin.refusals import MethodNotAllowed


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # -- drf-spectacular has no types here
    """How the schema speaks of a browser's session."""

    target_class = "workspace_admin.authentication.Session"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 -- drf-spectacular's
        """Answer the scheme."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "session",
            "description": "The console's sign-in; calls that change something also send X-CSRFToken.",
        }


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # -- as above
    """How the schema speaks of keys."""

    target_class = "workspace_admin.key_authentication.Bearer"
    name = ["key", "productKey"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:  # noqa: ARG002 -- drf-spectacular's
        """Answer both schemes."""
        return [
            {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "wsk_<id>_<secret>",
                "description": "An API key of one workspace: an Admin of it, within the key's scope, read or write.",
            },
            {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "psk_<id>_<secret>",
                "description": "A product's key, made by support: entitlements of that product, in any workspace.",
            },
        ]


class StrictBodies(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # -- as above
    """How the schema says that unknown and blank fields are refused, and that something has to be given."""

    target_class = "members.api.Strict"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Answer the shape."""
        shape: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # noqa: SLF001 -- its documentation's way
        for name, field in self.target.fields.items():
            if isinstance(field, CharField) and not field.allow_blank:
                shape["properties"][name].setdefault("minLength", 1)
        least = {"minProperties": 1} if self.target.not_empty else {}
        return {**shape, "additionalProperties": False, **least}


@extend_schema(exclude=True)
class Nowhere(Resource):
    """Every other path."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 -- DRF's
        """Say that there is nothing, to anyone.

        Raises:
            NotFound: always.
        """
        raise NotFound


@cache
def document() -> dict[str, Any]:
    """Answer the OpenAPI document, made once in a process's life."""
    with translation.override("en"):
        made = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]  # -- drf-spectacular has no types here
        read: dict[str, Any] = orjson.loads(orjson.dumps(made, default=str))
        return read


def readable(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer a view that everyone may read and nobody write."""

    @wraps(view)
    def read(request: HttpRequest) -> HttpResponse:
        if request.method in {"GET", "HEAD"}:
            return view(request)
        response = answer(request, MethodNotAllowed())
        response["Allow"] = "GET, HEAD"
        return response

    return csrf_exempt(read)


@readable
def schema(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 -- the same for everyone
    """Answer the schema: OpenAPI 3.1."""
    return HttpResponse(orjson.dumps(document()), content_type="application/json")


@readable
def docs(request: HttpRequest) -> HttpResponse:
    """Answer the reference page."""
    with translation.override("en"):
        return render(request, "api/docs.html", {"info": document()["info"], "calls": list(_calls())})


def _calls() -> Iterator[dict[str, Any]]:
    for path, methods in document()["paths"].items():
        for method, call in methods.items():
            body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            status, answer = next(iter(call["responses"].items()))
            yield {
                "id": call["operationId"],
                "method": method.upper(),
                "path": path,
                "summary": call.get("summary", ""),
                "description": call.get("description", ""),
                "parameters": [_parameter(one) for one in call.get("parameters", [])],
                "body": list(_fields(body)),
                "status": status,
                "answer": list(_fields(answer.get("content", {}).get("application/json", {}).get("schema"))),
            }


def _fields(shape: dict[str, Any] | None, prefix: str = "") -> Iterator[dict[str, Any]]:
    """Answer the fields of a shape in a flat list; those of an inner one follow it as ``outer.inner``."""
    shape = _resolved(shape or {})
    required = shape.get("required", [])
    for name, raw in shape.get("properties", {}).items():
        field = _resolved(raw)
        inner = _resolved(field.get("items", {})) if field.get("type") == "array" else field
        yield {
            "name": f"{prefix}{name}",
            "type": _type(field),
            "required": name in required,
            "about": raw.get("description") or "",
            "choices": field.get("enum", []),
        }
        if "properties" in inner:
            yield from _fields(inner, f"{prefix}{name}{'[]' if inner is not field else ''}.")


def _parameter(one: dict[str, Any]) -> dict[str, Any]:
    shape = _resolved(one["schema"])
    return {
        "name": one["name"],
        "type": _type(shape),
        "required": one.get("required", False),
        "about": one.get("description", ""),
        "choices": shape.get("enum", []),
    }


def _type(field: dict[str, Any]) -> str:
    kinds = field.get("type", "object")
    words = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    return f"{words} ({field['format']})" if "format" in field else words


def _resolved(shape: dict[str, Any]) -> dict[str, Any]:
    """Answer what a reference, alone or among alternatives with null, stands for."""
    for key in ("allOf", "oneOf", "anyOf"):
        if key in shape:
            return _resolved(next((one for one in shape[key] if one.get("type") != "null"), {}))
    if "$ref" in shape:
        found: dict[str, Any] = document()["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
        return _resolved(found)
    return shape
