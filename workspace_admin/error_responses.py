"""Refusals and failures on their way out: each becomes a page, an htmx fragment or a problem document, here only."""

import sys
from collections.abc import Callable
from http import HTTPStatus
from math import ceil
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
import structlog
from django.conf import settings
from django.contrib import messages
from django.core import exceptions as django_errors
from django.core.signals import got_request_exception
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django_htmx.middleware import HtmxDetails

from members.access import actor_for
from members.errors import (
    DomainError,
    IdempotencyInProgress,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unavailable,
)
from workspace_admin.exception_mapping import CsrfFailed, Failure, MethodNotAllowed, refusal

log = structlog.get_logger(__name__)
LAST_RESORT = b"<!doctype html><html lang=en><title>Error</title><h1>Something went wrong</h1><p>Please try again."


def document(error: DomainError) -> dict[str, Any]:
    """Return the problem document (RFC 9457), in English."""
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
    """Return the error as a problem document, an htmx fragment or a page."""
    if request.path.startswith("/api/"):
        body = orjson.dumps(document(error), default=str)
        response = HttpResponse(body, status=error.status, content_type="application/problem+json")
    elif getattr(request, "htmx", None):
        response = _fragment(request, error)
    else:
        response = _page(request, error)
    if isinstance(error, RateLimited | Unavailable | IdempotencyInProgress):
        response["Retry-After"] = str(max(1, ceil(error.extra.get("retry_after", 1))))
    return response


def _fragment(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Return a note inside an open dialog, else a toast that leaves the clicked row as it was."""
    target = cast("HtmxDetails", request.htmx).target or ""  # type: ignore[attr-defined]  # -- set by django-htmx
    if "dialog" in target:
        return render(request, "components/problem.html", {"problem": error}, status=error.status)
    messages.error(request, str(error.message), fail_silently=True)
    response = render(request, "components/toasts.html", {"problem": error}, status=error.status)
    response["HX-Reswap"] = "none"
    return response


def _page(request: HttpRequest, error: DomainError) -> HttpResponse:
    context = {"problem": error, "errors": error.extra.get("errors", []), "back": way_back(request)}
    try:
        context |= _shell(request, error)
        return render(request, "workspace_admin/errors/page.html", context, status=error.status)
    except Exception:
        # The page needs what may be the very thing that failed, such as the database.
        log.exception("error_page_failed")
        return HttpResponse(LAST_RESORT, status=error.status)


def _shell(request: HttpRequest, error: DomainError) -> dict[str, Any]:
    """Return what the workspace's navigation needs, for its members who meet a page that is not for them."""
    match = request.resolver_match
    if error.status != HTTPStatus.FORBIDDEN or not request.user.is_authenticated or match is None:
        return {}
    try:
        actor = actor_for(request.user, match.kwargs["slug"])
    except (KeyError, DomainError):
        return {}
    return {"layout": "shell.html", "actor": actor, "workspace": actor.workspace}


def way_back(request: HttpRequest) -> str:
    """Return the path of the page the reader came from, if it is one of ours."""
    came_from = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure()):
        return ""
    parts = urlsplit(came_from)
    # Two slashes would begin another host's address.
    path = "/" + parts.path.lstrip("/\\") + (f"?{parts.query}" if parts.query else "")
    return "" if request.method == "GET" and path == request.get_full_path() else path


class DomainErrors:
    """Middleware that answers the refusals that views let rise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; refusals look the same in development, and no page is blank."""
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            return _not_allowed(request, response)
        found = _behind_debug_page(request, response) if settings.DEBUG else None
        return answer(request, found) if found else response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Respond to a domain error; other exceptions go on to ``server_error``."""
        found = refusal(error)
        return answer(request, found) if found else None


@receiver(got_request_exception)
def _remember_exception(request: HttpRequest | None = None, **_: Any) -> None:
    """Keep what is being handled: Django's page for developers doesn't say what it was made for."""
    if request is not None:
        request.exception = sys.exception()  # type: ignore[attr-defined]  # -- ours


def _behind_debug_page(request: HttpRequest, response: HttpResponse) -> DomainError | None:
    """Return the refusal for which Django shows its page for developers; None if the page is about a mistake of ours.

    What middleware raises, such as a session's database being away, never comes to ``process_exception``.
    """
    if response.status_code == HTTPStatus.NOT_FOUND and request.resolver_match is None:
        return NotFound()
    if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        return refusal(getattr(request, "exception", None))
    return None


def _not_allowed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Explain a method that isn't allowed, such as opening a form's URL directly."""
    told = answer(request, MethodNotAllowed())
    told["Allow"] = response["Allow"]
    return told


def problem(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Respond to an exception in an API view: DRF's EXCEPTION_HANDLER."""
    found = refusal(error)
    if found is None:
        return None
    response = answer(context["request"]._request, found)  # noqa: SLF001 -- DRF offers no other way to Django's request
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Respond to a form without a valid CSRF token."""
    log.info("csrf_failed", reason=reason)
    return answer(request, CsrfFailed())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond to a request Django could not read: handler400."""
    try:
        request.get_host()
    except django_errors.DisallowedHost:
        return HttpResponse(b"Bad Request", status=HTTPStatus.BAD_REQUEST, content_type="text/plain")
    return answer(request, refusal(exception) or InvalidRequest())


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 -- Django's signature
    """Respond with a 403: handler403."""
    return answer(request, PermissionDenied())


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 -- Django's signature
    """Respond with a 404: handler404."""
    return answer(request, NotFound())


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Respond with a 429, for allauth: too many attempts to sign in, sign up or request email."""
    message = _("Too many tries in a short time. Wait a minute and try again.")
    return answer(request, RateLimited(message, retry_after=60))


def server_error(request: HttpRequest) -> HttpResponse:
    """Respond with a 500, or a 503 if the database is down or busy: handler500."""
    return answer(request, refusal(sys.exc_info()[1]) or Failure())
