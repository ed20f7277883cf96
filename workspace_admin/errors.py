"""Refusals and failures on their way out: each becomes a page, an htmx fragment or a problem document, here only."""

import sys
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
import structlog
from django.contrib import messages
from django.core import exceptions as django_errors
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django_htmx.middleware import HtmxDetails
from rest_framework import exceptions as api_errors

from members.errors import DomainError, InvalidRequest, NotFound, PermissionDenied, RateLimited, Unavailable

log = structlog.get_logger(__name__)
LAST_RESORT = b"<!doctype html><html lang=en><title>Error</title><h1>Something went wrong</h1><p>Please try again."


class Unauthenticated(DomainError):
    """Nobody, or nobody known, is calling."""

    code, status = "unauthenticated", 401
    title, default = _("Sign in first"), _("Sign in first.")


class CsrfFailed(DomainError):
    """A form or call did not come from a page of ours, or from one that is too old."""

    code, status = "csrf_failed", 403
    title = _("This page was open for too long")
    default = _("Nothing was changed. Go back, load the page again and repeat what you did.")


class MethodNotAllowed(DomainError):
    """The path does not know the method."""

    code, status = "method_not_allowed", 405
    title, default = _("Not possible here"), _("This address does not accept this method.")


class UnsupportedMediaType(DomainError):
    """The body is in no form that is read here."""

    code, status = "unsupported_media_type", 415
    title, default = _("Unsupported media type"), _("Send application/json.")


class BodyTooLarge(DomainError):
    """The request is larger than is read."""

    code, status = "body_too_large", 413
    title, default = _("Too large"), _("This is more than the console reads at once. Send less at a time.")


class Failure(DomainError):
    """A mistake of ours."""

    code, status = "internal_error", 500
    title = _("Something went wrong")
    default = _("This is our mistake, not yours. It was written down; please try again later.")


_TOO_LARGE = (
    django_errors.RequestDataTooBig,
    django_errors.TooManyFieldsSent,
    django_errors.TooManyFilesSent,
)
_MALFORMED = (
    django_errors.SuspiciousOperation,
    django_errors.BadRequest,
    MultiPartParserError,
    UnreadablePostError,
    api_errors.ParseError,
)
_MEANINGS: list[tuple[tuple[type[BaseException], ...], type[DomainError]]] = [
    (_TOO_LARGE, BodyTooLarge),
    (_MALFORMED, InvalidRequest),
    ((Http404, api_errors.NotFound), NotFound),
    ((django_errors.PermissionDenied, api_errors.PermissionDenied), PermissionDenied),
    ((api_errors.NotAuthenticated, api_errors.AuthenticationFailed), Unauthenticated),
    ((api_errors.MethodNotAllowed,), MethodNotAllowed),
    ((api_errors.UnsupportedMediaType,), UnsupportedMediaType),
    ((OperationalError, InterfaceError), Unavailable),
]


def refusal(error: BaseException | None) -> DomainError | None:
    """Answer what the exception means to the caller, or None: a mistake of ours."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, api_errors.ValidationError):
        found = InvalidRequest()
        found.extra = {"errors": list(_flat(error.detail))}
        return found
    for causes, meaning in _MEANINGS:
        if isinstance(error, causes):
            if meaning is Unavailable:
                log.warning("database_unavailable", error=str(error))
            said = str(error.detail) if isinstance(error, api_errors.ParseError) else None
            return meaning(said)
    return None


def _flat(detail: Any, path: str = "") -> Iterable[dict[str, str]]:
    """Answer DRF's nested details as the list of the contract; the path of an item is ``seats.0``."""
    if isinstance(detail, dict):
        pairs = [("" if name == "non_field_errors" else str(name), inner) for name, inner in detail.items()]
    elif isinstance(detail, list) and any(isinstance(inner, (dict, list)) for inner in detail):
        pairs = [(str(index), inner) for index, inner in enumerate(detail) if inner]
    else:
        for inner in detail if isinstance(detail, list) else [detail]:
            yield {"field": path, "code": inner.code, "detail": str(inner)}
        return
    for name, inner in pairs:
        yield from _flat(inner, ".".join(part for part in (path, name) if part))


def document(error: DomainError) -> dict[str, Any]:
    """Answer the problem document (RFC 9457), in English."""
    with translation.override("en"):
        members = {name: value for name, value in error.extra.items() if name != "retry_after"}
        text = str(error.message)
        return {
            "type": "about:blank",
            "title": str(error.title),
            "status": error.status,
            "detail": text,
            "code": error.code,
            "errors": [],
        } | members


def answer(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Answer the refusal in the form that the caller reads."""
    if request.path.startswith("/api/"):
        body = orjson.dumps(document(error), default=str)
        response = HttpResponse(body, status=error.status, content_type="application/problem+json")
    elif getattr(request, "htmx", None):
        response = _fragment(request, error)
    else:
        response = _page(request, error)
    if isinstance(error, RateLimited | Unavailable):
        response["Retry-After"] = str(max(1, round(float(error.extra.get("retry_after", 1)))))
    return response


def _fragment(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Answer a note inside an open dialog; elsewhere a toast, so that the row that was clicked stays as it was."""
    target = cast("HtmxDetails", request.htmx).target or ""  # type: ignore[attr-defined]  # set by django-htmx
    if "dialog" in target:
        return render(request, "components/problem.html", {"problem": error}, status=error.status)
    messages.error(request, str(error.message), fail_silently=True)
    response = render(request, "components/toasts.html", {"problem": error}, status=error.status)
    response["HX-Reswap"] = "none"
    return response


def _page(request: HttpRequest, error: DomainError) -> HttpResponse:
    context = {"problem": error, "errors": error.extra.get("errors", []), "back": _back(request)}
    try:
        return render(request, "errors/page.html", context, status=error.status)
    except Exception:
        # The page needs what may be the very thing that failed, such as the database.
        log.exception("error_page_failed")
        return HttpResponse(LAST_RESORT, status=error.status)


def _back(request: HttpRequest) -> str:
    """Answer the page the reader came from, if it is one of ours, without its host."""
    came_from = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure()):
        return ""
    parts = urlsplit(came_from)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return "" if request.method == "GET" and path == request.get_full_path() else path


class DomainErrors:
    """Middleware that answers the refusals that views let rise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a refusal; a mistake of ours goes on to ``server_error``."""
        found = refusal(error)
        return answer(request, found) if found else None


def problem(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer an exception of an API view: DRF's EXCEPTION_HANDLER."""
    found = refusal(error)
    if found is None:
        return None
    response = answer(context["request"]._request, found)  # noqa: SLF001 -- DRF offers no other way to Django's request
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form without a valid CSRF token."""
    log.info("csrf_failed", reason=reason)
    return answer(request, CsrfFailed())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django could not read: handler400."""
    try:
        request.get_host()
    except django_errors.DisallowedHost:
        return HttpResponse(b"Bad Request", status=HTTPStatus.BAD_REQUEST, content_type="text/plain")
    return answer(request, refusal(exception) or InvalidRequest())


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 -- Django's signature
    """Answer handler403."""
    return answer(request, PermissionDenied())


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 -- Django's signature
    """Answer handler404."""
    return answer(request, NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer handler500; a database that is away or busy, met outside of any view, is said to be that."""
    return answer(request, refusal(sys.exc_info()[1]) or Failure())
