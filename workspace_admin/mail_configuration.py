"""Helpers of settings.py: how mail leaves, and by whose name. What is wrong stops the start, not the first mail."""

import os
from email.utils import parseaddr
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

PROVIDERS: dict[str, tuple[str, ...]] = {
    "amazon_ses": ("AWS_DEFAULT_REGION",),
    "brevo": ("ANYMAIL_BREVO_API_KEY",),
    "mailersend": ("ANYMAIL_MAILERSEND_API_TOKEN",),
    "mailgun": ("ANYMAIL_MAILGUN_API_KEY",),
    "mailjet": ("ANYMAIL_MAILJET_API_KEY", "ANYMAIL_MAILJET_SECRET_KEY"),
    "mailtrap": ("ANYMAIL_MAILTRAP_API_TOKEN",),
    "mandrill": ("ANYMAIL_MANDRILL_API_KEY",),
    "postal": ("ANYMAIL_POSTAL_API_KEY", "ANYMAIL_POSTAL_API_URL"),
    "postmark": ("ANYMAIL_POSTMARK_SERVER_TOKEN",),
    "resend": ("ANYMAIL_RESEND_API_KEY",),
    "scaleway": ("ANYMAIL_SCALEWAY_SECRET_KEY", "ANYMAIL_SCALEWAY_PROJECT_ID"),
    "sendgrid": ("ANYMAIL_SENDGRID_API_KEY",),
    "sparkpost": ("ANYMAIL_SPARKPOST_API_KEY",),
    "unisender_go": ("ANYMAIL_UNISENDER_GO_API_KEY", "ANYMAIL_UNISENDER_GO_API_URL"),
}
"""Anymail's providers, each with the variables without which it cannot send.

Amazon's credentials may come from the machine's own role, so only its region is asked for.
"""

_SMTP = {"smtp", "smtp+tls", "smtps"}


def anymail(*, patience: float) -> dict[str, Any]:
    """Return anymail's settings: each variable that begins with `ANYMAIL_`, such as `ANYMAIL_POSTMARK_SERVER_TOKEN`.

    What a provider lacks, such as switching off a tracking that it does not have, is no error. ``patience`` is in
    seconds; nothing is repeated behind the outbox's back.
    """
    ours = {name.removeprefix("ANYMAIL_"): value for name, value in os.environ.items() if name.startswith("ANYMAIL_")}
    client = {"connect_timeout": patience / 2, "read_timeout": patience, "retries": {"total_max_attempts": 1}}
    return {
        "IGNORE_UNSUPPORTED_FEATURES": True,
        "REQUESTS_TIMEOUT": (patience / 2, patience),
        "AMAZON_SES_CLIENT_PARAMS": {"config": client},
        **ours,
    }


def mailers(provider: str, smtp_url: str, mailbox: Path, *, patience: float, debug: bool) -> dict[str, Any]:
    """Return MAILERS: an anymail provider, an SMTP server or, in development, files in the mailbox folder.

    ``patience`` is how many seconds a server may take.

    Raises:
        ImproperlyConfigured: mail couldn't leave this way.
    """
    if provider:
        _check_provider(provider)
        return {"default": {"BACKEND": f"anymail.backends.{provider}.EmailBackend"}}
    if smtp_url:
        return {"default": {"BACKEND": "members.outbox.smtp.EmailBackend", "OPTIONS": _smtp(smtp_url, patience)}}
    if debug:
        options = {"folder": str(mailbox)}
        return {"default": {"BACKEND": "workspace_admin.devserver.mailbox.EmailBackend", "OPTIONS": options}}
    raise ImproperlyConfigured("EMAIL_PROVIDER: set an anymail provider's name, or SMTP_URL.")


def sender(value: str, host: str) -> str:
    """Return whom all mail is from, by default an address of the console's own host.

    Raises:
        ImproperlyConfigured: it isn't one email address, with or without a name.
    """
    if value and ("@" not in parseaddr(value)[1] or not value.isprintable()):
        raise ImproperlyConfigured("DEFAULT_FROM_EMAIL: use an email address, such as Acme <console@acme.example>.")
    return value or f"Workspace console <no-reply@{host or 'localhost'}>"


def _check_provider(provider: str) -> None:
    if provider not in PROVIDERS:
        message = f"EMAIL_PROVIDER: {provider!r} isn't a mail provider. Use one of {', '.join(PROVIDERS)}."
        raise ImproperlyConfigured(message)
    for name in PROVIDERS[provider]:
        if not os.environ.get(name):
            raise ImproperlyConfigured(f"{name}: set it, since EMAIL_PROVIDER is {provider}.")
    if provider == "amazon_ses" and find_spec("boto3") is None:
        message = "EMAIL_PROVIDER: amazon_ses needs Amazon's library. Run `uv sync --extra amazon-ses`."
        raise ImproperlyConfigured(message)


def _smtp(url: str, patience: float) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 25
    except ValueError:
        host = None
    if not host or parts.scheme not in _SMTP:
        raise ImproperlyConfigured("SMTP_URL: use smtp://, smtp+tls:// or smtps://, then host and port.")
    return {
        "host": host,
        "port": port,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_tls": parts.scheme == "smtp+tls",
        "use_ssl": parts.scheme == "smtps",
        "timeout": patience,
    }
