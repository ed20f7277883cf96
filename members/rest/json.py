"""JSON in and out of the REST API. Apart from api.py, since the framework reads it from the settings as it loads."""

from typing import Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class JSONParser(BaseParser):
    """Reads bodies with orjson, which refuses bad UTF-8, NaN and nesting beyond 1,024."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ARG002 -- DRF's
        """Answer the body's value.

        Raises:
            ParseError: no JSON.
        """
        try:
            return orjson.loads(stream.read())
        except orjson.JSONDecodeError as error:
            message = f"The body is not valid JSON: {error.msg}."
            raise ParseError(message) from error


class JSONRenderer(BaseRenderer):
    """Writes answers with orjson: times in UTC with Z, ids as text."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:  # noqa: ARG002 -- DRF's
        """Answer the body."""
        return b"" if data is None else orjson.dumps(data, default=str, option=orjson.OPT_UTC_Z)


class OnlyJSON(BaseContentNegotiation):
    """JSON is the only form of an answer, whatever was asked for."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Answer the parser of the body's media type, or None: unsupported."""
        sent = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:  # noqa: ARG002 -- DRF's
        """Answer the only renderer."""
        return renderers[0], renderers[0].media_type
