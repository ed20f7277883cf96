"""What every resource of the REST API shares: strict input, answers in English, lists, safe repetition, ETags."""

from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from members.errors import DomainError
from members.rest import etags, idempotency, pagination
from members.rest.fields import WholeInQuery
from members.rest.idempotency import Answer, RequestKey
from members.rest.json import JSONRenderer
from members.rest.rate_limit import Rate

PAGE, LARGEST_PAGE = 50, 100
READING = {"GET", "HEAD"}
MOST_UNKNOWN = 100
"""Unknown fields that a refusal names."""
KEPT_REFUSALS = {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}
"""Refusals that are an outcome of the work. Others are said before it begins, or pass: a repetition may do better."""


class Strict(serializers.Serializer[Any]):
    """Input in which every field is known; an unknown or, in a query, repeated one is refused by name."""

    not_empty = False

    def to_internal_value(self, data: Any) -> Any:
        """Answer the values.

        Raises:
            ValidationError: naming each field that is wrong.
        """
        if isinstance(data, dict):
            known = self.fields
            unknown = (name for name in data if name not in known)
            wrong = {name: ["This field is not known."] for name in islice(unknown, MOST_UNKNOWN)}
            wrong |= {name: ["Give this once."] for name in getattr(data, "repeated", ())}
            if wrong:
                raise serializers.ValidationError(wrong, code="unknown")
        return super().to_internal_value(data)


class Nothing(Strict):
    """A body, or a query, that has to be empty."""


class ListQuery(Strict):
    """The query of every list."""

    limit = WholeInQuery(min_value=1, max_value=LARGEST_PAGE, default=PAGE)
    cursor = serializers.CharField(
        max_length=2000, default="", allow_blank=True, help_text="next_cursor or prev_cursor of a page."
    )
    include = serializers.ChoiceField(choices=["total"], required=False, help_text="Adds the count of all.")


class _Query(dict[str, str]):
    repeated: tuple[str, ...] = ()


class Resource(APIView):
    """A path of the API; its answers are in English whatever the reader's language."""

    http_method_names = ["get", "post", "patch", "put", "delete", "head"]
    in_parts = False
    """Whether its POST commits part by part, each by ``part``, instead of once."""
    rate: Rate | None = None
    replayed = False

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer the request."""
        with translation.override("en"):
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Learn who is calling, hold keys to their rate, and refuse a query that the call would not read.

        Raises:
            RateLimited, ValidationError
        """
        super().initial(request, *args, **kwargs)
        self.rate = getattr(request.auth, "rate", None)
        if self.rate:
            self.rate.check()
        call = getattr(self, str(request.method).lower(), None)
        if request.query_params and not getattr(call, "reads_query", False):
            self.query(Nothing)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]  # -- the stubs know no 304
        """Complete the answer: how the key stands, whether this is a repetition, and the ETag of what is shown."""
        answer: HttpResponse = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(answer, ["Authorization", "Cookie"])
        for name, value in self.rate.headers.items() if self.rate else ():
            answer[name] = value
        if self.replayed:
            answer["Idempotency-Replayed"] = "true"
        if answer.status_code in {HTTPStatus.OK, HTTPStatus.CREATED}:
            if isinstance(answer, Response):
                answer.render()
            answer["ETag"] = etags.of(answer.content)
            if request.method in READING and etags.is_known(request.headers.get("If-None-Match"), answer["ETag"]):
                return etags.not_modified(answer)
        return answer

    def lock(self) -> None:
        """Let through who may change this, and keep it from changing until it was compared; to be overridden."""

    def unchanged(self, work: Callable[[], HttpResponse], request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer a PATCH, if what GET shows here still has one of the ETags in If-Match; nothing comes between.

        Raises:
            PreconditionFailed: it was changed meanwhile.
        """
        wanted = request.headers.get("If-Match")
        if wanted is None:
            return work()
        with transaction.atomic():
            self.lock()
            shown = getattr(self, "get", lambda *_args, **_kwargs: Response())(request, *args, **kwargs)
            etags.require(wanted, etags.of(JSONRenderer().render(shown.data)))
            return work()

    @property
    def request_key(self) -> RequestKey | None:
        """The POST's Idempotency-Key, or None: it has none.

        Raises:
            InvalidRequest: it is not valid.
        """
        key, request = self.request.headers.get(idempotency.HEADER), self.request
        by: Any = request.auth if request.auth is not None else request.user
        if key is None:
            return None
        return idempotency.request_key(by.pk, key, path=request.get_full_path(), body=request.data)

    def before_replay(self) -> None:
        """Make sure that the caller may still see what was answered; to be overridden."""

    def once(self, work: Callable[[], HttpResponse]) -> HttpResponse:
        """Answer a POST: by doing it, or as it was answered before under its Idempotency-Key."""
        key = None if self.in_parts else self.request_key
        if key is None:
            return work()
        with transaction.atomic():
            before = idempotency.claim(key)
            if before is not None:
                self.before_replay()
                self.replayed = True
                return _answered(before)
            response = self._tried(work)
            idempotency.keep(key, Answer(response.status_code, self.kept(response)))
        return response

    def _tried(self, work: Callable[[], HttpResponse]) -> HttpResponse:
        """Answer what the work does. A refusal that is kept undoes the work; any other, the taking of the key too."""
        try:
            with transaction.atomic():
                return work()
        except DomainError as error:
            if error.status not in KEPT_REFUSALS:
                raise
            refused: HttpResponse = self.handle_exception(error)
            return refused

    def kept(self, response: HttpResponse) -> bytes:
        """Answer the body that is kept for a repetition; what holds a secret is overridden to leave it out."""
        return JSONRenderer().render(response.data) if isinstance(response, Response) else response.content

    def part(self, number: int, work: Callable[[], Any]) -> Any:
        """Answer one part of a POST ``in_parts``: done now and committed, or as it was done before under the same key.

        Parts count from 1. ``work`` answers what JSON can write; a repetition answers it as JSON reads it. The answer
        is said to be a repetition when its last part is one.

        Raises:
            IdempotencyConflict, InvalidRequest: about the key.
            and what ``work`` raises; the parts before it stay done.
        """
        value, self.replayed = idempotency.in_part(self.request_key, number, work)
        return value

    def body(self, form: type[Strict]) -> dict[str, Any]:
        """Answer the body's values.

        Raises:
            ValidationError: naming each field that is wrong.
        """
        read = form(data=self.request.data, context={"request": self.request})
        read.is_valid(raise_exception=True)
        return dict(read.validated_data)

    def query(self, form: type[Strict]) -> dict[str, Any]:
        """Answer the query's values.

        Raises:
            ValidationError: naming each field that is wrong.
        """
        sent = self.request.query_params
        query = _Query((name, str(value)) for name, value in sent.items())
        query.repeated = tuple(name for name, values in sent.lists() if len(values) > 1)
        return dict(_reader(form).run_validation(query))

    def listed(self, rows: QuerySet[Any], order: pagination.Order, query: dict[str, Any], show: Any) -> Response:
        """Answer one page of the rows, each as ``show`` writes it."""
        page: pagination.Page[Any] = pagination.page(rows, order, limit=query["limit"], cursor=query["cursor"])
        return self.paged(page, query, show, rows.count)

    def paged(self, page: pagination.Page[Any], query: dict[str, Any], show: Any, count: Callable[[], int]) -> Response:
        """Answer a page, each row as ``show`` writes it, and how many there are where that is asked for."""
        answer: dict[str, Any] = {
            "data": [show(row) for row in page.rows],
            "next_cursor": page.next_cursor,
            "prev_cursor": page.prev_cursor,
        }
        if query.get("include") == "total":
            answer["total"] = count()
        return Response(answer)


@cache
def _reader(form: type[Strict]) -> Strict:
    """Answer the form that all such queries are read with; reading leaves it as it is, and building takes longer."""
    return form()


def _answered(before: Answer) -> HttpResponse:
    form = "application/json" if before.status < HTTPStatus.BAD_REQUEST else "application/problem+json"
    return HttpResponse(before.body, status=before.status, content_type=form)


def languages() -> list[str]:
    """Answer the codes of the languages that mail can be written in."""
    return [code for code, _name in settings.LANGUAGES]
