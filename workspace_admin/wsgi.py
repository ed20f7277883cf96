"""The WSGI application that granian serves."""

import os
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from workspace_admin.handler import get_application

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workspace_admin.settings")
MOST = 10_000_001
"""Bytes that are read of a body of unknown length: one more than any path accepts, so that a longer one is refused."""
ROOM = 2**14
"""Words of memory that a frame asks for, to get as much again for those above it: more than a thousand of ours fill."""


def measured(application: "WSGIApplication") -> "WSGIApplication":
    """Answer the application with the length of every body known to it.

    Django takes a body that comes in chunks, without a length, for an empty one: a change would be answered as done.
    """

    def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        if "HTTP_TRANSFER_ENCODING" in environ:
            body = environ["wsgi.input"].read(MOST)
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
        return application(environ, start)

    return answer


def with_room(application: "WSGIApplication") -> "WSGIApplication":
    """Answer the application with a piece of memory that holds the frames of all its calls.

    CPython keeps them in pieces of 16 KB. A loop that happens to run at the end of one, as rows of a page do, gets the
    next piece from the system for each call, and gives it back: half of a page's time. Who asks for a large one first
    has it until the answer is made.
    """

    def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        return application(environ, start)

    answer.__code__ = answer.__code__.replace(co_stacksize=ROOM)
    return answer


application = with_room(measured(get_application()))
