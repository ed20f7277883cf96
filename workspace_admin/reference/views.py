"""What the API says of itself: its schema, for programs, and the reference made from it, for people."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from members.errors import NotFound
from members.rest.resource import Resource
from workspace_admin.error_responses import answer
from workspace_admin.exception_mapping import MethodNotAllowed
from workspace_admin.reference import page
from workspace_admin.reference.document import document


@extend_schema(exclude=True)
class Nowhere(Resource):
    """Every other path."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 -- DRF's
        """Say that there is nothing, to anyone.

        Raises:
            NotFound: always.
        """
        raise NotFound


def readable(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Wrap a view that everyone may read and nobody write."""

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
    """Return the schema: OpenAPI 3.1."""
    return HttpResponse(orjson.dumps(document()), content_type="application/json")


@readable
def docs(request: HttpRequest) -> HttpResponse:
    """Show the reference page."""
    with translation.override("en"):
        return render(request, "workspace_admin/reference/docs.html", page.context())
