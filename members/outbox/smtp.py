"""SMTP with a time limit for the whole message, which tells a refused message from one whose response was lost."""

import smtplib
import time
from collections.abc import Sequence
from typing import Any

from django.core.mail.backends.smtp import EmailBackend as DjangoBackend

_LEAST = 0.05
"""Seconds: a socket's timeout of 0 would mean not to wait at all."""


class AnswerLost(smtplib.SMTPException):
    """The whole message was written and no response came: it may have been accepted or not."""


class _Bounded(smtplib.SMTP):
    """A connection whose ``timeout`` limits a message as a whole, not each line of the dialogue."""

    _until: float | None = None
    _written = False

    def sendmail(
        self,
        from_addr: str,
        to_addrs: str | Sequence[str],
        msg: Any,
        mail_options: Sequence[str] = (),
        rcpt_options: Sequence[str] = (),
    ) -> dict[str, tuple[int, bytes]]:
        """Send one message and return the recipients that were refused; raise AnswerLost if no answer came."""
        self._until, self._written = time.monotonic() + float(self.timeout), False
        try:
            return super().sendmail(from_addr, to_addrs, msg, mail_options, rcpt_options)
        finally:
            self._until = None

    def send(self, s: Any) -> None:
        """Write a command or a message."""
        self._wait_no_longer()
        super().send(s)
        self._written = self._written or isinstance(s, bytes)

    def getreply(self) -> tuple[int, bytes]:
        """Read a response."""
        self._wait_no_longer()
        return super().getreply()

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the message and return the server's response."""
        try:
            return super().data(msg)
        except smtplib.SMTPResponseException:
            raise
        except OSError as error:
            if not self._written:
                raise
            raise AnswerLost(type(error).__name__) from error

    def _wait_no_longer(self) -> None:
        if self._until is not None and self.sock is not None:
            self.sock.settimeout(max(_LEAST, self._until - time.monotonic()))


class _BoundedSSL(_Bounded, smtplib.SMTP_SSL):
    """The same inside TLS from the first byte on."""


class EmailBackend(DjangoBackend):
    """Django's backend with these connections."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """Return the class of the connections."""
        return _BoundedSSL if self.use_ssl else _Bounded
