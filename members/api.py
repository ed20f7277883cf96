"""What every resource of the REST API shares: strict input, JSON in and out, lists."""

from typing import Any, ClassVar

import orjson
from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import translation
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from members import keyset

PAGE, LARGEST_PAGE = 50, 100


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


class Strict(serializers.Serializer[Any]):
    """Input in which every field is known; an unknown or, in a query, repeated one is refused by name."""

    def to_internal_value(self, data: Any) -> Any:
        """Answer the values.

        Raises:
            ValidationError: naming each field that is wrong.
        """
        if isinstance(data, dict):
            known = self.fields
            wrong = {name: ["This field is not known."] for name in data if name not in known}
            wrong |= {name: ["Give this once."] for name in getattr(data, "repeated", ())}
            if wrong:
                raise serializers.ValidationError(wrong, code="unknown")
        return super().to_internal_value(data)


class Nothing(Strict):
    """A body that has to be empty."""


class ListQuery(Strict):
    """The query of every list."""

    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=PAGE)
    cursor = serializers.CharField(max_length=2000, default="", help_text="`next_cursor` or `prev_cursor` of a page.")
    include = serializers.ChoiceField(choices=["total"], required=False, help_text="`total` adds the count.")


class Problem(serializers.Serializer[Any]):
    """Every error (RFC 9457). `code` is stable; `detail` is English."""

    type = serializers.CharField(default="about:blank")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))


class _Query(dict[str, str]):
    repeated: tuple[str, ...] = ()


class Resource(APIView):
    """A path of the API; its answers are in English whatever the reader's language."""

    http_method_names: ClassVar[list[str]] = ["get", "post", "patch", "put", "delete", "head"]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer the request."""
        with translation.override("en"):
            return super().dispatch(request, *args, **kwargs)

    def body(self, form: type[Strict]) -> dict[str, Any]:
        """Answer the body's values.

        Raises:
            ValidationError: naming each field that is wrong.
        """
        return self._valid(form(data=self.request.data, context={"request": self.request}))

    def query(self, form: type[Strict]) -> dict[str, Any]:
        """Answer the query's values.

        Raises:
            ValidationError: naming each field that is wrong.
        """
        sent = self.request.query_params
        query = _Query(sent.items())
        query.repeated = tuple(name for name, values in sent.lists() if len(values) > 1)
        return self._valid(form(data=query))

    def _valid(self, form: Strict) -> dict[str, Any]:
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def listed(self, rows: QuerySet[Any], order: keyset.Order, query: dict[str, Any], show: Any) -> Response:
        """Answer one page of the rows, each as ``show`` writes it."""
        page: keyset.Page[Model] = keyset.page(rows, order, limit=query["limit"], cursor=query["cursor"])
        answer = {
            "data": [show(row) for row in page.rows],
            "next_cursor": page.next_cursor,
            "prev_cursor": page.prev_cursor,
        }
        if query.get("include") == "total":
            answer["total"] = rows.count()
        return Response(answer)


def languages() -> list[str]:
    """Answer the codes of the languages that mail can be written in."""
    return [code for code, _name in settings.LANGUAGES]


def described(summary: str, answer: Any, *, status: int = 200, query: Any = None, body: Any = None) -> Any:
    """Answer a decorator that describes a call in the schema; every call may answer a problem."""
    problem: Any = ("default", "application/problem+json")
    return extend_schema(
        summary=summary,
        request=body,
        parameters=[OpenApiParameter("workspace", str, OpenApiParameter.PATH, description="Slug or id.")]
        + ([query] if query else []),
        responses={status: answer, problem: Problem},
    )


def page_of(item: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Answer the shape of a page of such items, for the schema."""
    fields = {
        "data": item(many=True),
        "next_cursor": serializers.CharField(allow_null=True),
        "prev_cursor": serializers.CharField(allow_null=True),
        "total": serializers.IntegerField(required=False),
    }
    return type(f"{item.__name__}Page", (serializers.Serializer,), fields)
