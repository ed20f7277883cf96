"""Classify delivery failures: retry, give up, or unknown. Texts hold no secrets."""

import re
import smtplib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from http import HTTPStatus
from typing import Any

import requests
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.core.exceptions import ImproperlyConfigured
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from members.outbox.smtp import AnswerLost

AWAY = _("The mail provider could not be reached.")
BUSY = _("The mail provider asked to wait.")
FAULTY = _("The mail provider has a fault of its own.")
DEFERRED = _("The mail server asked to try again later.")
CREDENTIALS = _("The mail provider does not accept the console’s credentials.")
SETTINGS = _("The console’s mail settings are not complete.")
NO_ADDRESS = _("The address was refused. Check how it is spelt.")
NOT_TAKEN = _("The mail provider refused the message.")
UNWRITABLE = _("No mail can be written to this address. Check how it is spelt.")
UNANSWERED = _("The mail provider did not answer: the message may have left or not.")
BROKEN = _("The message could not be made. The console’s log says why.")
DIED = _("A worker stopped while it was sending: the message may have left or not.")
HELD_BACK = _("Held back after a backup was restored: the message may have left before.")

LONGEST_WAIT = 600.0
"""Most seconds that a provider can make mail wait; then one message tries again."""
_ENHANCED = re.compile(rb"\b[245]\.\d{1,3}\.\d{1,3}\b")
_BUSY_WORDS = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException"})
_UNAVAILABLE = 421
_NOT_SIGNED_IN = {530, 534, 535, 538}
"""SMTP replies to a client that hasn't authenticated, or not well enough: no message is at fault."""


class NotOpened(Exception):
    """There is no connection to the provider; ``__cause__`` says why, and no message is at fault."""


class FailureKind(Enum):
    """Whether a message that wasn't sent can be tried again."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Failure:
    """What an error means.

    Args:
        error: words that a member of the workspace understands.
        code: the same for programs, such as `http 422`; it repeats nothing that was sent or received in full.
        wait: seconds that the provider asked for.
        affects_all: the next message would fail the same way, so this one isn't at fault.
    """

    kind: FailureKind
    error: str | Promise
    code: str
    wait: float = 0
    affects_all: bool = False


def classify(error: Exception) -> Failure:
    """Return what an error of sending means."""
    for kind, rule in _RULES:
        if isinstance(error, kind):
            return rule(error)
    return internal(error)


def internal(error: Exception) -> Failure:
    """Return what an error of our own code means, such as one in a template: a later release may have fixed it."""
    return Failure(FailureKind.TRANSIENT, BROKEN, type(error).__name__)


def untranslated(text: str | Promise) -> str:
    """Return the text as it is stored: in English, to be translated for each reader."""
    with translation.override("en"):
        return str(text)


def _not_opened(error: Any) -> Failure:
    failure = classify(error.__cause__)
    words = failure.error if failure.error in {CREDENTIALS, SETTINGS, BUSY} else AWAY
    return Failure(FailureKind.TRANSIENT, words, failure.code, failure.wait, affects_all=True)


def _smtp_answer(code: int, said: bytes | str) -> Failure:
    enhanced = _ENHANCED.search(said if isinstance(said, bytes) else said.encode(errors="replace"))
    name = f"smtp {code} {enhanced.group().decode()}" if enhanced else f"smtp {code}"
    if code in _NOT_SIGNED_IN:
        return Failure(FailureKind.TRANSIENT, CREDENTIALS, name, affects_all=True)
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Failure(FailureKind.PERMANENT, NOT_TAKEN, name)
    return Failure(FailureKind.TRANSIENT, DEFERRED, name, affects_all=code == _UNAVAILABLE)


def _recipient(error: Any) -> Failure:
    answers = error.recipients.values()
    failure = _smtp_answer(*next(iter(answers), (HTTPStatus.INTERNAL_SERVER_ERROR, b"")))
    return (
        failure if failure.kind is FailureKind.TRANSIENT else Failure(FailureKind.PERMANENT, NO_ADDRESS, failure.code)
    )


def _http_answer(status: int, wait: str) -> Failure:
    code = f"http {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Failure(FailureKind.TRANSIENT, BUSY, code, wait=_seconds(wait), affects_all=True)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        # The installation's fault, not the message's: giving up would mean releasing the whole queue by hand.
        return Failure(FailureKind.TRANSIENT, CREDENTIALS, code, affects_all=True)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Failure(FailureKind.TRANSIENT, FAULTY, code, wait=_seconds(wait))
    if status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY}:
        return Failure(FailureKind.TRANSIENT, FAULTY, code)
    if status >= HTTPStatus.BAD_REQUEST:
        return Failure(FailureKind.PERMANENT, NOT_TAKEN, code)
    return Failure(FailureKind.UNKNOWN, UNANSWERED, code)


def _seconds(retry_after: str) -> float:
    """Return a Retry-After header (seconds or a date) in seconds; 0 if it is neither."""
    with suppress(ValueError):
        if retry_after.isdecimal():
            return min(float(retry_after), LONGEST_WAIT)
        wait = parsedate_to_datetime(retry_after) - datetime.now(UTC)
        return min(max(wait.total_seconds(), 0), LONGEST_WAIT)
    return 0


def _api(error: Any) -> Failure:
    if error.status_code is not None:
        return _http_answer(error.status_code, error.response.headers.get("Retry-After", ""))
    if isinstance(error, requests.RequestException):
        return _transport(error)
    # Amazon's library returns a dict, or nothing if it could not reach the service.
    answer = getattr(error.__cause__, "response", None)
    if not isinstance(answer, dict):
        return Failure(FailureKind.UNKNOWN, UNANSWERED, type(error.__cause__ or error).__name__)
    if answer.get("Error", {}).get("Code") in _BUSY_WORDS:
        return _http_answer(HTTPStatus.TOO_MANY_REQUESTS, "")
    return _http_answer(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", HTTPStatus.OK), "")


def _transport(error: requests.RequestException) -> Failure:
    """Distinguish a request that was never written from one whose response didn't arrive."""
    cause = error.__cause__ or error
    inner = getattr(cause.args[0], "reason", None) if cause.args else None
    before = isinstance(cause, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError)
    if before or isinstance(inner, NewConnectionError | ConnectTimeoutError):
        return Failure(FailureKind.TRANSIENT, AWAY, type(cause).__name__, affects_all=True)
    return Failure(FailureKind.UNKNOWN, UNANSWERED, type(cause).__name__)


def _always(kind: FailureKind, words: str | Promise, *, affects_all: bool = False) -> Callable[[Any], Failure]:
    return lambda error: Failure(kind, words, type(error).__name__, affects_all=affects_all)


# The first match counts: smtplib's and requests' errors are OSErrors, anymail's about addresses are ValueErrors.
_RULES: tuple[tuple[type[Exception], Callable[[Any], Failure]], ...] = (
    (NotOpened, _not_opened),
    (AnswerLost, _always(FailureKind.UNKNOWN, UNANSWERED)),
    (smtplib.SMTPRecipientsRefused, _recipient),
    (smtplib.SMTPAuthenticationError, _always(FailureKind.TRANSIENT, CREDENTIALS, affects_all=True)),
    (smtplib.SMTPNotSupportedError, _always(FailureKind.TRANSIENT, SETTINGS, affects_all=True)),
    (smtplib.SMTPResponseException, lambda error: _smtp_answer(error.smtp_code, error.smtp_error)),
    (AnymailRecipientsRefused, _always(FailureKind.PERMANENT, NO_ADDRESS)),
    (AnymailAPIError, _api),
    (ImproperlyConfigured, _always(FailureKind.TRANSIENT, SETTINGS, affects_all=True)),
    (AnymailError, _always(FailureKind.PERMANENT, UNWRITABLE)),
    (ValueError, _always(FailureKind.PERMANENT, UNWRITABLE)),
    (OSError, _always(FailureKind.TRANSIENT, AWAY, affects_all=True)),
)
