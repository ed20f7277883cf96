"""Django's way from WSGI to a request, for requests that fail Django before any middleware could answer them."""

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters


class Request(WSGIRequest):
    """A request whose text is UTF-8: the codec that its Content-Type names is left for the middleware to judge.

    Django would read the query with it at once, and fail where it is none for text; and it would refuse an overlong
    header where nobody answers.
    """

    def _set_content_type_params(self, meta: dict[str, str]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            self.content_type, self.content_params = "", {}


class Handler(WSGIHandler):
    """Django's, with requests as above."""

    request_class = Request


def get_application() -> Handler:
    """Answer the WSGI application, once Django is set up: django.core.wsgi's, with our handler."""
    django.setup(set_prefix=False)
    return Handler()
