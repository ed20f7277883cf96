"""The mail provider: one connection for many messages."""

import smtplib
import time
from types import TracebackType
from typing import Any, Self

import requests
from django.conf import settings
from django.core.mail import EmailMessage, mailers
from django.core.mail.backends.base import BaseEmailBackend
from urllib3.exceptions import HTTPError, ReadTimeoutError

from members.outbox import failures

_SAFE = {"resend": "Idempotency-Key"}
"""Providers that recognise a repeated request, and the HTTP header they use for it.

Resend keeps keys for 24 hours (https://resend.com/docs/dashboard/emails/idempotency-keys), longer than we try. Brevo's
live for 15 minutes (https://developers.brevo.com/changelog/email-api-now-supports-idempotency), shorter than our
pauses. No other provider of anymail documents one for sending, and SMTP has none: there a repetition may be a second
message, recognisable only by its equal Message-ID.
"""

_LONGEST_ANSWER = 1_000_000
"""Most bytes that are read of a response."""


class Dropped(Exception):
    """The server closed the idle connection; nothing of the message was written."""


def provider() -> str:
    """Return the name of anymail's provider in use, or of the module that sends."""
    backend: str = settings.MAILERS["default"]["BACKEND"]
    return backend.split(".")[-2]


def repeats_safely() -> bool:
    """Return whether the provider sends a repeated message only once."""
    return provider() in _SAFE


class ProviderConnection:
    """One connection, opened with the first message, reopened when dropped, closed at the end."""

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None
        self._used = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Open the connection unless it is open; raise NotOpened, with the library's error as its cause."""
        if self._connection is not None:
            return
        try:
            connection = mailers.create_connection("default")
            connection.open()
        except Exception as error:
            raise failures.NotOpened from error
        if isinstance(session := getattr(connection, "session", None), requests.Session):
            session.hooks["response"].append(_read_in_time)
        self._connection, self._used = connection, False

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except OSError as error:  # it was being given up anyway
                del error

    def send(self, message: EmailMessage) -> str:
        """Send one message and return the provider's id for it, "" if there is none.

        Raise NotOpened without a connection, Dropped if the server closed it while idle, as servers do after some
        messages or seconds, and whatever else the provider's library raises; see ``failures.classify``.
        """
        self.open()
        try:
            return self._post(message)
        except Exception as error:
            again = self._used and _dropped(error)
            self.close()
            if again:
                raise Dropped from error
            raise

    def _post(self, message: EmailMessage) -> str:
        connection = self._connection
        header, session = _SAFE.get(provider()), getattr(connection, "session", None)
        if header and session is not None:
            session.headers[header] = message.metadata["mail"]  # type: ignore[attr-defined]  # -- compose sets it
        if connection is None or not connection.send_messages([message]):
            raise ValueError("nobody to send to")
        self._used = True
        status = getattr(message, "anymail_status", None)
        return _storable(str(getattr(status, "message_id", None) or ""))


def _dropped(error: Exception) -> bool:
    """Return whether the server closed the idle connection."""
    failure = failures.classify(error)
    away = failure.kind is failures.FailureKind.TRANSIENT and failure.affects_all
    return isinstance(error, smtplib.SMTPException) and away and not isinstance(error.__context__, TimeoutError)


def _storable(name: str) -> str:
    """Return a provider's id as it can be stored."""
    return "".join(char for char in name if char.isprintable())[:255]


def _read_in_time(response: requests.Response, **_options: Any) -> None:
    """Read a response, of an error response as much as comes in time; raise ReadTimeout if it takes too long.

    The library limits only the wait for each piece, not the length of the whole.
    """
    ends = time.monotonic() + settings.MAIL_PATIENCE - response.elapsed.total_seconds()
    body = bytearray()
    try:
        while piece := response.raw.read1(decode_content=True):
            body += piece
            if time.monotonic() > ends or len(body) > _LONGEST_ANSWER:
                raise ReadTimeoutError(response.raw, response.url, "")
    except HTTPError as error:
        response.close()
        if response.ok:
            raise requests.ReadTimeout(response=response) from error
    response._content = bytes(body)  # noqa: SLF001 -- where the library itself keeps what it has read
