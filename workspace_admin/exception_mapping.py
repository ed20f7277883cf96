"""What an exception means to the caller: a refusal of the contract, or a mistake of ours."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import structlog
from django.core import exceptions as django_errors
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions as api_errors

from members.errors import DomainError, InvalidRequest, NotFound, PermissionDenied, SeatsExhausted, Unavailable

log = structlog.get_logger(__name__)
MOST_ERRORS = 1_000
"""Errors of fields that a refusal names: one for each value of the longest list that is read."""
LONGEST_NAME, LONGEST_DETAIL = 200, 300


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
    default = _("We’ve logged it. Please try again.")


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
_TELLING = (api_errors.ParseError, api_errors.AuthenticationFailed)
"""What says best itself what is wrong."""
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
    """Return the domain error the exception stands for, or None if it is a bug."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, api_errors.ValidationError):
        found = InvalidRequest()
        found.extra = {"errors": list(islice(_flat(error.detail), MOST_ERRORS))}
        return found
    if isinstance(error, IntegrityError) and _constraint(error) == "seats_exhausted":
        # An end came between two statements of a service, while more was taken than bought: the guard refused.
        return SeatsExhausted()
    for causes, meaning in _MEANINGS:
        if isinstance(error, causes):
            if meaning is Unavailable:
                log.warning("database_unavailable", error=str(error))
            said = str(error.detail) if isinstance(error, _TELLING) else None
            return meaning(said)
    return None


def _constraint(error: IntegrityError) -> str:
    """Return the name of the constraint or trigger that was violated."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""


def _flat(detail: Any, path: str = "") -> Iterable[dict[str, str]]:
    """Flatten DRF's nested details into the contract's list; an item's path is ``seats.0``."""
    if isinstance(detail, dict):
        pairs = [("" if name == "non_field_errors" else str(name), inner) for name, inner in detail.items()]
    elif isinstance(detail, list) and any(isinstance(inner, (dict, list)) for inner in detail):
        pairs = [(str(index), inner) for index, inner in enumerate(detail) if inner]
    else:
        for inner in detail if isinstance(detail, list) else [detail]:
            yield {"field": path[:LONGEST_NAME], "code": inner.code, "detail": str(inner)[:LONGEST_DETAIL]}
        return
    for name, inner in pairs:
        yield from _flat(inner, ".".join(part for part in (path, name) if part))
