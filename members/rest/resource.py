"""The base of every API resource: strict input, English responses, pages, safe repetition, ETags."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import cache, partial
from http import HTTPStatus
from itertools import batched, islice
from typing import Any, ClassVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from members.errors import DomainError, IdempotencyConflict, IdempotencyInProgress
from members.keys import Rate
from members.rest import bulk, etags, idempotency, pagination
from members.rest.bulk import Row
from members.rest.fields import IntegerInQuery
from members.rest.idempotency import RequestKey, StoredResponse
from members.rest.json import JSONRenderer

PAGE, LARGEST_PAGE = 50, 100
READING = {"GET", "HEAD"}
RESPOND_ASYNC = "respond-async"
MOST_UNKNOWN = 100
"""Unknown fields that a refusal names."""
STORED_REFUSALS = {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}
"""Refusals that are a result of the work. Others come before it begins or are temporary: a repetition may succeed."""


class Strict(serializers.Serializer[Any]):
    """Input in which every field is known; an unknown or, in a query, repeated one is refused by name."""

    constraints: ClassVar[dict[str, Any]] = {}
    """What JSON Schema says of the whole and no field can."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values, or raise ValidationError naming each field that is wrong."""
        if isinstance(data, dict):
            known = self.fields
            unknown = (name for name in data if name not in known)
            wrong = {name: ["This field is not known."] for name in islice(unknown, MOST_UNKNOWN)}
            wrong |= {name: ["Use this parameter once."] for name in getattr(data, "repeated", ())}
            if wrong:
                raise serializers.ValidationError(wrong, code="unknown")
        return super().to_internal_value(data)


def either(one: str, other: str) -> dict[str, Any]:
    """Return the constraint that exactly one of two fields is given.

    Said with ``not``: generators of clients take a ``oneOf`` for different types of body.
    """
    neither = {"not": {"anyOf": [{"required": [one]}, {"required": [other]}]}}
    about = f"Both or none of `{one}` and `{other}`."
    return {"not": {"description": about, "anyOf": [{"required": [one, other]}, neither]}}


class Nothing(Strict):
    """A body or a query that must be empty."""


class ListQuery(Strict):
    """The query parameters of every list."""

    limit = IntegerInQuery(min_value=1, max_value=LARGEST_PAGE, default=PAGE)
    cursor = serializers.CharField(
        max_length=2000, default="", allow_blank=True, help_text="`next_cursor` or `prev_cursor` of a page."
    )
    include = serializers.ChoiceField(choices=["total"], required=False, help_text="Adds the total count.")


class _Query(dict[str, str]):
    repeated: tuple[str, ...] = ()


class Resource(APIView):
    """A path of the API. Responses are in English whatever the reader's language."""

    http_method_names = ["get", "post", "patch", "put", "delete", "head"]
    in_parts = False
    """Whether its POST commits part by part, each with ``part``, instead of once."""
    volatile: frozenset[str] = frozenset()
    """Fields that change by themselves: the ETag of a single resource leaves them out."""
    rate: Rate | None = None
    replayed = False

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Handle the request in English."""
        with translation.override("en"), ExitStack() as self.until_done:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, enforce the key's rate limit, and refuse a query that the method would ignore.

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

    @property
    def default_response_headers(self) -> dict[str, str]:
        """DRF's own headers, without an empty ``Allow``."""
        return {name: value for name, value in super().default_response_headers.items() if value}

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]  # -- the stubs know no 304
        """Add the rate limit, the replay marker and the ETag; turn a known one into a 304."""
        answer: HttpResponse = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(answer, ["Authorization", "Cookie"])
        for name, value in self.rate.headers.items() if self.rate else ():
            answer[name] = value
        if self.replayed:
            answer["Idempotency-Replayed"] = "true"
        if answer.status_code in {HTTPStatus.OK, HTTPStatus.CREATED}:
            if isinstance(answer, Response):
                answer.render()
            answer["ETag"] = etags.of(answer.content, without=self.volatile)
            if request.method in READING and etags.is_known(request.headers.get("If-None-Match"), answer["ETag"]):
                return etags.not_modified(answer)
        return answer

    def unchanging(self) -> AbstractContextManager[None]:
        """Keep what GET shows from changing, for a caller who may change it; to be overridden."""
        return transaction.atomic()

    def unchanged(self, work: Callable[[], HttpResponse], request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Handle a PATCH if what GET shows still has one of the ETags in If-Match; nothing comes between the two.

        Raises:
            PreconditionFailed: it changed meanwhile.
        """
        wanted = request.headers.get("If-Match")
        if wanted is None:
            return work()
        with self.unchanging():
            shown = getattr(self, "get", lambda *_args, **_kwargs: Response())(request, *args, **kwargs)
            etags.require(wanted, etags.of(JSONRenderer().render(shown.data), without=self.volatile))
            return work()

    @property
    def request_key(self) -> RequestKey | None:
        """The POST's Idempotency-Key, or None.

        Raises:
            InvalidRequest: it is not valid.
        """
        key, request = self.request.headers.get(idempotency.HEADER), self.request
        by: Any = request.auth if request.auth is not None else request.user
        if key is None:
            return None
        path = f"{RESPOND_ASYNC if self.is_async else ''} {request.get_full_path()}"
        return idempotency.request_key(by.pk, key, path=path, body=request.data)

    @property
    def is_async(self) -> bool:
        """Whether the caller prefers a job to a response that takes long (RFC 7240)."""
        preferences = str(self.request.headers.get("Prefer", "")).split(",")
        return any(one.partition(";")[0].strip().lower() == RESPOND_ASYNC for one in preferences)

    def before_replay(self) -> None:
        """Check that the caller may still see the stored response; to be overridden."""

    def once(self, work: Callable[[], HttpResponse]) -> HttpResponse:
        """Handle a POST, or return its stored response under the same Idempotency-Key."""
        key = None if self.in_parts else self.request_key
        if key is None:
            return work()
        with transaction.atomic():
            before = idempotency.claim(key)
            if before is not None:
                self.before_replay()
                self.replayed = True
                return _from_store(before)
            response = self._attempt(work)
            idempotency.store(key, StoredResponse(response.status_code, self.body_to_store(response)))
        return response

    def _attempt(self, work: Callable[[], HttpResponse]) -> HttpResponse:
        """Do the work. A refusal to be stored undoes the work only; any other also the claim of the key."""
        try:
            with transaction.atomic():
                return work()
        except DomainError as error:
            if error.status not in STORED_REFUSALS or isinstance(error, IdempotencyInProgress):
                raise
            refused: HttpResponse = self.handle_exception(error)
            return refused

    def body_to_store(self, response: HttpResponse) -> bytes:
        """Return the body to store for repetitions; overridden where the response holds a secret."""
        return JSONRenderer().render(response.data) if isinstance(response, Response) else response.content

    def part(self, number: int, work: Callable[[], Any]) -> Any:
        """Do one part of a POST ``in_parts`` and commit it, or return what it returned before under the same key.

        Parts count from 1. ``work`` returns something JSON can hold; a repetition returns it as read from JSON. The
        response is marked as a replay when its last part is one.

        Raises:
            IdempotencyConflict, IdempotencyInProgress, InvalidRequest: about the key.
            and whatever ``work`` raises; the parts before it stay done.
        """
        value, self.replayed = idempotency.run_part(self.request_key, number, work)
        return value

    def in_chunks[Item](
        self,
        items: Sequence[Item],
        work: Callable[[Sequence[Item]], list[Row]],
        label: Callable[[Item], Row],
        *,
        first_part: int = 1,
    ) -> list[Row]:
        """Return a row for each item, in order; ``work`` does a chunk of them, and each chunk is committed by itself.

        When a chunk fails as a whole after another was committed, the response must not say that nothing was changed:
        the items that are left are refused row by row with that error, each beside its ``label``.

        Raises:
            what ``part`` raises, before anything was committed.
        """
        rows: list[Row] = []
        for number, chunk in enumerate(batched(items, bulk.CHUNK), first_part):
            try:
                rows += self.part(number, partial(work, chunk))
            except (IdempotencyConflict, IdempotencyInProgress):
                raise
            except (DomainError, OperationalError, InterfaceError) as error:
                if not rows:
                    raise
                self.replayed = False
                refused = bulk.outcome(error if isinstance(error, DomainError) else bulk.unavailable())
                return rows + [label(item) | refused for item in items[len(rows) :]]
        return rows

    def body(self, form: type[Strict]) -> dict[str, Any]:
        """Return the body's values, or raise ValidationError naming each field that is wrong."""
        read = form(data=self.request.data, context={"request": self.request})
        read.is_valid(raise_exception=True)
        return dict(read.validated_data)

    def query(self, form: type[Strict]) -> dict[str, Any]:
        """Return the query's values, or raise ValidationError naming each parameter that is wrong."""
        sent = self.request.query_params
        query = _Query((name, str(value)) for name, value in sent.items())
        query.repeated = tuple(name for name, values in sent.lists() if len(values) > 1)
        return dict(_reader(form).run_validation(query))

    def listed(
        self, rows: QuerySet[Any], order: pagination.Order, query: dict[str, Any], to_json: Callable[[Any], Row]
    ) -> Response:
        """Return one page of the rows."""
        page: pagination.Page[Any] = pagination.page(rows, order, limit=query["limit"], cursor=query["cursor"])
        return self.paged(page, query, to_json, rows.count)

    def paged(
        self,
        page: pagination.Page[Any],
        query: dict[str, Any],
        to_json: Callable[[Any], Row],
        count: Callable[[], int],
    ) -> Response:
        """Return a page, with the total count if the query asks for it."""
        answer: dict[str, Any] = {
            "data": [to_json(row) for row in page.rows],
            "next_cursor": page.next_cursor,
            "prev_cursor": page.prev_cursor,
        }
        if query.get("include") == "total":
            answer["total"] = count()
        return Response(answer)


@cache
def _reader(form: type[Strict]) -> Strict:
    """Return one instance for all queries of this form: validating does not change it, and building it takes longer."""
    return form()


def _from_store(before: StoredResponse) -> HttpResponse:
    form = "application/json" if before.status < HTTPStatus.BAD_REQUEST else "application/problem+json"
    return HttpResponse(before.body, status=before.status, content_type=form)


def languages() -> list[str]:
    """Return the codes of the languages that emails are written in."""
    return [code for code, _name in settings.LANGUAGES]
