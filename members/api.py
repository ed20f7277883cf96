"""What every resource of the REST API shares: strict input, answers in English, lists."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import translation
from django.utils.text import slugify
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from members import keyset

PAGE, LARGEST_PAGE = 50, 100


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
    cursor = serializers.CharField(max_length=2000, default="", help_text="next_cursor or prev_cursor of a page.")
    include = serializers.ChoiceField(choices=["total"], required=False, help_text="Adds the count of all.")


class Problem(serializers.Serializer[Any]):
    """Every error (RFC 9457). `code` is stable; `detail` is English."""

    type = serializers.CharField(default="about:blank")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.ListField(  # type: ignore[assignment]  # -- the contract's name is also an attribute of DRF's
        child=serializers.DictField(child=serializers.CharField())
    )


class _Query(dict[str, str]):
    repeated: tuple[str, ...] = ()


class Resource(APIView):
    """A path of the API; its answers are in English whatever the reader's language."""

    http_method_names = ["get", "post", "patch", "put", "delete", "head"]

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
        query = _Query((name, str(value)) for name, value in sent.items())
        query.repeated = tuple(name for name, values in sent.lists() if len(values) > 1)
        return self._valid(form(data=query))

    def _valid(self, form: Strict) -> dict[str, Any]:
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def listed(self, rows: QuerySet[Any], order: keyset.Order, query: dict[str, Any], show: Any) -> Response:
        """Answer one page of the rows, each as ``show`` writes it."""
        page: keyset.Page[Model] = keyset.page(rows, order, limit=query["limit"], cursor=query["cursor"])
        answer: dict[str, Any] = {
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


def described[Call: Callable[..., Any]](
    summary: str, answer: Any, *, status: int = 200, query: Any = None, body: Any = None
) -> Callable[[Call], Call]:
    """Answer a decorator that describes a call in the schema; every call may answer a problem."""
    problem: Any = ("default", "application/problem+json")
    described_call: Callable[[Call], Call] = extend_schema(
        operation_id=slugify(summary),
        summary=summary,
        request=body,
        parameters=[OpenApiParameter("workspace", str, OpenApiParameter.PATH, description="Slug or id.")]
        + ([query] if query else []),
        responses={status: answer, problem: Problem},
    )
    return described_call


def page_of(item: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Answer the shape of a page of such items, for the schema."""
    fields = {
        "data": item(many=True),
        "next_cursor": serializers.CharField(allow_null=True),
        "prev_cursor": serializers.CharField(allow_null=True),
        "total": serializers.IntegerField(required=False),
    }
    return type(f"{item.__name__}Page", (serializers.Serializer,), fields)
