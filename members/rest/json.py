"""JSON parsing and rendering for the API. DRF imports this from the settings, so it cannot import resource.py."""

import json
from typing import Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from members.errors import InvalidRequest


def _require_unique(pairs: list[tuple[str, Any]]) -> None:
    names = set[str]()
    if len(names.union(name for name, _value in pairs)) == len(pairs):
        return
    for name, _value in pairs:
        if name in names:
            raise InvalidRequest("This name appears twice in one JSON object.", field=name, code="duplicate")
        names.add(name)


_OBJECTS = json.JSONDecoder(object_pairs_hook=_require_unique, parse_int=str, parse_float=str)
"""Reads only the names of objects: numbers stay text, since one of 5,000 digits cannot be converted."""


class JSONParser(BaseParser):
    """Parse bodies with orjson, which refuses bad UTF-8, NaN and nesting beyond 1,024."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ARG002 -- DRF's
        """Return the body's value.

        Raises:
            ParseError: the body is not JSON.
            InvalidRequest: a name appears twice in one object; orjson would keep the last.
        """
        raw = stream.read()
        try:
            value = orjson.loads(raw)
            if isinstance(value, dict | list):
                _OBJECTS.decode(raw.decode())
        except orjson.JSONDecodeError as error:
            message = f"The body is not valid JSON: {error.msg}."
            raise ParseError(message) from error
        except RecursionError:
            message = "The body is nested too deeply."
            raise ParseError(message) from None
        return value


class JSONRenderer(BaseRenderer):
    """Render responses with orjson: times in UTC with Z, ids as text."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:  # noqa: ARG002 -- DRF's
        """Return the body."""
        return b"" if data is None else orjson.dumps(data, default=str, option=orjson.OPT_UTC_Z)


class OnlyJSON(BaseContentNegotiation):
    """Respond in JSON whatever the request accepts."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Return the parser of the body's media type, or None if it is not supported."""
        sent = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:  # noqa: ARG002 -- DRF's
        """Return the only renderer."""
        return renderers[0], renderers[0].media_type
