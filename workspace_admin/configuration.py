"""Helpers of settings.py: environment variables turned into Django's shapes."""

import os
from email.utils import parseaddr
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

WEAKEST_SECRET = 50
"""Characters below which ``check --deploy`` calls a secret key weak (security.W009)."""
WEAKEST_PASSWORD = 32


def require_strong(name: str, value: str, *, debug: bool) -> str:
    """Return the secret, or a fixed one in development. Raise ImproperlyConfigured if it is missing or weak."""
    if debug:
        return value or f"only-for-development-{name}"
    # The numbers and the beginning are those of security.W009.
    if len(value) < WEAKEST_SECRET or len(set(value)) < 5 or value.startswith("django-insecure-"):  # noqa: PLR2004 -- as said above
        raise ImproperlyConfigured(f"{name}: set a random secret of at least {WEAKEST_SECRET} characters.")
    return value


def number[N: (int, float)](name: str, default: N, *, least: N, most: N) -> N:
    """Return the variable's number, or the default if it is missing or empty."""
    text = os.environ.get(name) or str(default)
    try:
        value = type(default)(text)
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        raise ImproperlyConfigured(f"{name}: use a number from {least} to {most}, not {text}.")
    return value


def metrics_token(value: str, *, debug: bool) -> str:
    """Return the token for the metrics; "" disables them."""
    if value and not debug and len(value) < WEAKEST_PASSWORD:
        raise ImproperlyConfigured(f"METRICS_TOKEN: use {WEAKEST_PASSWORD} random characters or more.")
    return value


def networks(texts: list[str]) -> list[str]:
    """Return the addresses and networks of trusted proxies."""
    for text in texts:
        try:
            ip_network(text, strict=False)
        except ValueError:
            message = f"TRUSTED_PROXIES: {text} is no address or network, such as 10.0.0.0/8."
            raise ImproperlyConfigured(message) from None
    return texts


def base_url(value: str, *, debug: bool) -> SplitResult:
    """Return the parts of the console's own URL, from which every emailed link is made."""
    parts = urlsplit(value)
    if debug and parts.hostname not in {"127.0.0.1", "localhost"}:
        raise ImproperlyConfigured("BASE_URL: with DEBUG on, only 127.0.0.1 or localhost is allowed.")
    if not debug and not (parts.scheme == "https" and parts.hostname):
        raise ImproperlyConfigured("BASE_URL: set the https:// address of the console.")
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ImproperlyConfigured("BASE_URL: give scheme and host only, such as https://console.example.com.")
    return parts


def allowed_hosts(names: list[str], own: str, *, debug: bool) -> list[str]:
    """Return the host names that the console responds to: by default its own, and in development this machine's."""
    known = names or ([own, "localhost", "127.0.0.1", "[::1]"] if debug else [own])
    if not validate_host(own, known):
        raise ImproperlyConfigured(f"ALLOWED_HOSTS: name the host of BASE_URL too, {own}.")
    return known


def webhook_secret(value: str) -> str:
    """Return the user name and password of the mail provider's webhooks; "" shuts them out."""
    if value and len(value.partition(":")[2]) < WEAKEST_PASSWORD:
        message = f"EMAIL_WEBHOOK_SECRET: use NAME:PASSWORD, with {WEAKEST_PASSWORD} random characters or more."
        raise ImproperlyConfigured(message)
    return value


def database(url: str) -> dict[str, Any]:
    """Return the DATABASES entry for a postgres:// URL; statements and waits for locks are limited."""
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL: set the postgres:// address of the database (`make run` brings one).")
    config: dict[str, Any] = {**dj_database_url.parse(url, conn_max_age=60)}
    config["CONN_HEALTH_CHECKS"] = True
    config["OPTIONS"] = {
        **config.get("OPTIONS", {}),
        "options": "-c lock_timeout=5000 -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000",
        "server_side_binding": True,
        # Prepared at their third use: planning a statement costs about as much as running it.
        "prepare_threshold": 3,
    }
    return config


def broker(url: str) -> str:
    """Return the URL of Valkey or Redis, by default on this machine."""
    if url and urlsplit(url).scheme not in {"redis", "rediss"}:
        raise ImproperlyConfigured("REDIS_URL: set the redis:// or rediss:// address of Valkey or Redis.")
    return url or "redis://127.0.0.1:6379/0"


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
    """Return MAILERS: an anymail provider, an SMTP server or, in development, files in the mailbox folder."""
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
    """Return the From address of all mail, by default at the console's own host."""
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
