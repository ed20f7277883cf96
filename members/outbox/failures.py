"""Why a mail did not leave: whether to try again, to give up, or that nobody knows; in words, without any secret."""

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
HELD = _("Held back after a backup was restored: the message may have left before.")

LONGEST_WAIT = 600.0
"""Seconds that a provider can make mail wait; then it is asked again, with one message."""
_ENHANCED = re.compile(rb"\b[245]\.\d{1,3}\.\d{1,3}\b")
_BUSY_WORDS = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException"})
_UNAVAILABLE = 421
_WHO_ARE_YOU = {530, 534, 535, 538}
"""SMTP's answers to a client that has not signed in, or not well enough: no message is at fault."""


class NotOpened(Exception):
    """There is no connection to the provider; its cause says why, and no mail is at fault."""


class Fate(Enum):
    """What becomes of a mail that was not sent."""

    LATER = "later"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Judgement:
    """What an error means.

    Args:
        error: words that a member of the workspace understands.
        code: the same for machines, such as `http 422`; it holds nothing that was sent or answered in full.
        wait: seconds that the provider asked for.
        everyone: the next mail would meet the same: it is not this one's fault.
    """

    fate: Fate
    error: str | Promise
    code: str
    wait: float = 0
    everyone: bool = False


def judge(error: Exception) -> Judgement:
    """Answer what an error of sending means."""
    for kind, rule in _RULES:
        if isinstance(error, kind):
            return rule(error)
    return broken(error)


def broken(error: Exception) -> Judgement:
    """Answer what an error of ours means, such as one in a template: a later release may have mended it."""
    return Judgement(Fate.LATER, BROKEN, type(error).__name__)


def english(words: str | Promise) -> str:
    """Answer the words as they are stored: untranslated, for readers of any language."""
    with translation.override("en"):
        return str(words)


def _not_opened(error: Any) -> Judgement:
    judged = judge(error.__cause__)
    words = judged.error if judged.error in {CREDENTIALS, SETTINGS, BUSY} else AWAY
    return Judgement(Fate.LATER, words, judged.code, judged.wait, everyone=True)


def _smtp_answer(code: int, said: bytes | str) -> Judgement:
    enhanced = _ENHANCED.search(said if isinstance(said, bytes) else said.encode(errors="replace"))
    name = f"smtp {code} {enhanced.group().decode()}" if enhanced else f"smtp {code}"
    if code in _WHO_ARE_YOU:
        return Judgement(Fate.LATER, CREDENTIALS, name, everyone=True)
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Judgement(Fate.REFUSED, NOT_TAKEN, name)
    return Judgement(Fate.LATER, DEFERRED, name, everyone=code == _UNAVAILABLE)


def _recipient(error: Any) -> Judgement:
    answers = error.recipients.values()
    judged = _smtp_answer(*next(iter(answers), (HTTPStatus.INTERNAL_SERVER_ERROR, b"")))
    return judged if judged.fate is Fate.LATER else Judgement(Fate.REFUSED, NO_ADDRESS, judged.code)


def _http_answer(status: int, wait: str) -> Judgement:
    code = f"http {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Judgement(Fate.LATER, BUSY, code, wait=_seconds(wait), everyone=True)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        # The installation's fault, not the message's: all that is queued would have to be tried again by hand.
        return Judgement(Fate.LATER, CREDENTIALS, code, everyone=True)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Judgement(Fate.LATER, FAULTY, code, wait=_seconds(wait))
    if status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY}:
        return Judgement(Fate.LATER, FAULTY, code)
    if status >= HTTPStatus.BAD_REQUEST:
        return Judgement(Fate.REFUSED, NOT_TAKEN, code)
    return Judgement(Fate.UNKNOWN, UNANSWERED, code)


def _seconds(retry_after: str) -> float:
    """Answer a Retry-After, which is seconds or a date, in seconds; 0 where it is neither."""
    with suppress(ValueError):
        if retry_after.isdecimal():
            return min(float(retry_after), LONGEST_WAIT)
        wait = parsedate_to_datetime(retry_after) - datetime.now(UTC)
        return min(max(wait.total_seconds(), 0), LONGEST_WAIT)
    return 0


def _api(error: Any) -> Judgement:
    if error.status_code is not None:
        return _http_answer(error.status_code, error.response.headers.get("Retry-After", ""))
    if isinstance(error, requests.RequestException):
        return _transport(error)
    # Amazon's library answers a dict, or nothing where it could not reach the service.
    answer = getattr(error.__cause__, "response", None)
    if not isinstance(answer, dict):
        return Judgement(Fate.UNKNOWN, UNANSWERED, type(error.__cause__ or error).__name__)
    if answer.get("Error", {}).get("Code") in _BUSY_WORDS:
        return _http_answer(HTTPStatus.TOO_MANY_REQUESTS, "")
    return _http_answer(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", HTTPStatus.OK), "")


def _transport(error: requests.RequestException) -> Judgement:
    """Tell a request that was never written from one whose answer did not come."""
    cause = error.__cause__ or error
    inner = getattr(cause.args[0], "reason", None) if cause.args else None
    before = isinstance(cause, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError)
    if before or isinstance(inner, NewConnectionError | ConnectTimeoutError):
        return Judgement(Fate.LATER, AWAY, type(cause).__name__, everyone=True)
    return Judgement(Fate.UNKNOWN, UNANSWERED, type(cause).__name__)


def _always(fate: Fate, words: str | Promise, *, everyone: bool = False) -> Callable[[Any], Judgement]:
    return lambda error: Judgement(fate, words, type(error).__name__, everyone=everyone)


# The first that fits: smtplib's and requests' errors are OSErrors, anymail's of addresses and features ValueErrors.
_RULES: tuple[tuple[type[Exception], Callable[[Any], Judgement]], ...] = (
    (NotOpened, _not_opened),
    (AnswerLost, _always(Fate.UNKNOWN, UNANSWERED)),
    (smtplib.SMTPRecipientsRefused, _recipient),
    (smtplib.SMTPAuthenticationError, _always(Fate.LATER, CREDENTIALS, everyone=True)),
    (smtplib.SMTPNotSupportedError, _always(Fate.LATER, SETTINGS, everyone=True)),
    (smtplib.SMTPResponseException, lambda error: _smtp_answer(error.smtp_code, error.smtp_error)),
    (AnymailRecipientsRefused, _always(Fate.REFUSED, NO_ADDRESS)),
    (AnymailAPIError, _api),
    (ImproperlyConfigured, _always(Fate.LATER, SETTINGS, everyone=True)),
    (AnymailError, _always(Fate.REFUSED, UNWRITABLE)),
    (ValueError, _always(Fate.REFUSED, UNWRITABLE)),
    (OSError, _always(Fate.LATER, AWAY, everyone=True)),
)
