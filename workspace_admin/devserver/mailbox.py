"""Mail of the embedded default: files in a folder, and pages that show them to the developer alone."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as ParsedMessage
from functools import wraps
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe
from uuid_utils import uuid7

_SHOWN = 200
_FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
)


class EmailBackend(BaseEmailBackend):
    """Writes each message as one .eml file, whole or not at all.

    Args:
        folder: where to; made when the first message comes.
    """

    def __init__(self, *, folder: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._folder = Path(folder)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the messages; answers how many."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            self._write(f"{timezone.now():%Y%m%dT%H%M%S}-{uuid7()}", message.message().as_bytes())
        return len(email_messages)

    def _write(self, name: str, content: bytes) -> None:
        fresh = self._folder / f".{name}.new"
        try:
            with fresh.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(self._folder / f"{name}.eml")
        finally:
            fresh.unlink(missing_ok=True)  # only there if the disk is full


@dataclass(frozen=True)
class Mail:
    """One message of the mailbox."""

    name: str
    when: datetime
    parsed: ParsedMessage

    @classmethod
    def read(cls, path: Path) -> "Mail":
        """Parse the file."""
        when = datetime.fromtimestamp(path.stat().st_mtime, tz=timezone.get_current_timezone())
        parsed = message_from_bytes(path.read_bytes(), policy=policy.default)
        return cls(path.stem, when, parsed)

    @property
    def subject(self) -> str:
        """Return the subject."""
        return str(self.parsed["subject"] or "")

    @property
    def sender(self) -> str:
        """Return the sender."""
        return str(self.parsed["from"] or "")

    @property
    def recipients(self) -> str:
        """Return the recipients."""
        return str(self.parsed["to"] or "")

    @property
    def text(self) -> str:
        """Return the plain text part, or ""."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """Return the HTML part, or ""."""
        return self._part("html")

    def _part(self, kind: str) -> str:
        body = self.parsed.get_body((kind,))
        return str(body.get_content()) if body else ""


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "mailbox"


def _find(name: str) -> Mail:
    # Looked up in the listing: no name can lead out of the folder.
    for file in _folder().glob("*.eml"):
        if file.stem == name:
            return Mail.read(file)
    raise Http404


def _developer_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEBUG or not ip_address(request.META.get("REMOTE_ADDR") or "0.0.0.0").is_loopback:  # noqa: S104 -- stands for "unknown"
            raise Http404
        return view(request, *args, **kwargs)

    return never_cache(require_safe(guarded))


@_developer_only
def index(request: HttpRequest) -> HttpResponse:
    """List the newest messages; 404 unless DEBUG is on and the reader sits at this machine."""
    paths = sorted(_folder().glob("*.eml"), key=lambda path: path.name, reverse=True)[:_SHOWN]
    return render(request, "workspace_admin/devserver/index.html", {"mails": [Mail.read(path) for path in paths]})


@_developer_only
def message(request: HttpRequest, name: str) -> HttpResponse:
    """Show one message: its HTML in a frame, its text below; 404 as `index`."""
    return render(request, "workspace_admin/devserver/message.html", {"mail": _find(name)})


@xframe_options_sameorigin
@_developer_only
def body(_request: HttpRequest, name: str) -> HttpResponse:
    """Show the HTML part in a frame that runs nothing and whose links open outside it."""
    html = _find(name).html
    if not html:
        raise Http404
    marked = (
        html.replace("<head>", '<head><base target="_top">', 1) if "<head>" in html else f'<base target="_top">{html}'
    )
    return HttpResponse(marked, headers={"Content-Security-Policy": _FRAME_POLICY})


urlpatterns = [
    path("", index, name="mailbox"),
    path("<str:name>/", message, name="mailbox-message"),
    path("<str:name>/body/", body, name="mailbox-body"),
]
