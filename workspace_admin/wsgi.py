"""The WSGI application that granian serves."""

import os
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http.response import HttpResponseBase
from django.utils.http import parse_header_parameters

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workspace_admin.settings")
MOST = 10_000_001
"""Bytes read of a body of unknown length: one more than any path accepts, so that a longer one is refused."""
STACK_SIZE = 2**14
"""Words of memory that a frame asks for; the interpreter then allocates as much again, more than a request fills."""


class Request(WSGIRequest):
    """A request whose text is UTF-8; the middleware decides about the charset named in its Content-Type.

    Django would decode the query with that charset at once, and fail with a 500 if it is not one for text.
    """

    def _set_content_type_params(self, meta: dict[str, str]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            self.content_type, self.content_params = "", {}


class Handler(WSGIHandler):
    """Django's handler for such requests; it announces when the connection cannot be used again."""

    request_class = Request

    def get_response(self, request: Any) -> HttpResponseBase:
        """Return the response, with ``Connection: close`` if some of the request's body was not read.

        The server closes the connection then: reading the rest would let slow clients occupy threads. A client that
        is not told sends its next request on the closed connection, and fails.
        """
        response: HttpResponseBase = super().get_response(request)
        if request.META.get("CONTENT_LENGTH") and not _is_read(request):
            response["Connection"] = "close"
        return response


def _is_read(request: WSGIRequest) -> bool:
    stream: Any = request._stream  # noqa: SLF001 -- only Django's stream knows how much was read
    return not hasattr(stream, "limit") or stream._pos >= stream.limit  # noqa: SLF001 -- as above


def with_content_length(application: "WSGIApplication") -> "WSGIApplication":
    """Wrap the application so that chunked bodies have a Content-Length.

    Django treats a body without one as empty: a change would be answered as done.
    """

    def wrapped(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        if "HTTP_TRANSFER_ENCODING" in environ:
            body = environ["wsgi.input"].read(MOST)
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
        return application(environ, start)

    return wrapped


def preallocate_stack(application: "WSGIApplication") -> "WSGIApplication":
    """Wrap the application to reserve one large interpreter stack chunk per request.

    CPython keeps frames in chunks of 16 KB. A loop that happens to run at a chunk's edge allocates and frees the next
    one with every call, which took half of a page's time.
    """

    def wrapped(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        return application(environ, start)

    wrapped.__code__ = wrapped.__code__.replace(co_stacksize=STACK_SIZE)
    return wrapped


def get_application() -> Handler:
    """Set up Django and return its WSGI application with our handler."""
    django.setup(set_prefix=False)
    return Handler()


application = preallocate_stack(with_content_length(get_application()))
