"""Helpers of settings.py: environment variables turned into Django's shapes."""

import os
from ipaddress import ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

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
    """Return the number that the variable holds, or the default where it is missing or empty.

    Raises:
        ImproperlyConfigured: it isn't a number, or is out of bounds.
    """
    text = os.environ.get(name) or str(default)
    try:
        value = type(default)(text)
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        raise ImproperlyConfigured(f"{name}: use a number from {least} to {most}, not {text}.")
    return value


def metrics_token(value: str, *, debug: bool) -> str:
    """Return the token for the metrics; "" disables them.

    Raises:
        ImproperlyConfigured: it is weak, with DEBUG off.
    """
    if value and not debug and len(value) < WEAKEST_PASSWORD:
        raise ImproperlyConfigured(f"METRICS_TOKEN: use {WEAKEST_PASSWORD} random characters or more.")
    return value


def networks(texts: list[str]) -> list[str]:
    """Return the addresses and networks of trusted proxies.

    Raises:
        ImproperlyConfigured: one is neither.
    """
    for text in texts:
        try:
            ip_network(text, strict=False)
        except ValueError:
            message = f"TRUSTED_PROXIES: {text} is no address or network, such as 10.0.0.0/8."
            raise ImproperlyConfigured(message) from None
    return texts


def base_url(value: str, *, debug: bool) -> SplitResult:
    """Return the parts of the console's own URL, from which every emailed link is made.

    Raises:
        ImproperlyConfigured: it is missing, more than scheme and host, or not https where DEBUG is off.
    """
    parts = urlsplit(value)
    if debug and parts.hostname not in {"127.0.0.1", "localhost"}:
        raise ImproperlyConfigured("BASE_URL: with DEBUG on, only 127.0.0.1 or localhost is allowed.")
    if not debug and not (parts.scheme == "https" and parts.hostname):
        raise ImproperlyConfigured("BASE_URL: set the https:// address of the console.")
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ImproperlyConfigured("BASE_URL: give scheme and host only, such as https://console.example.com.")
    return parts


def allowed_hosts(names: list[str], own: str, *, debug: bool) -> list[str]:
    """Return the host names that the console responds to: by default its own, and in development this machine's.

    Raises:
        ImproperlyConfigured: its own isn't among them, so that no emailed link would open.
    """
    known = names or ([own, "localhost", "127.0.0.1", "[::1]"] if debug else [own])
    if not validate_host(own, known):
        raise ImproperlyConfigured(f"ALLOWED_HOSTS: name the host of BASE_URL too, {own}.")
    return known


def webhook_secret(value: str) -> str:
    """Return the user name and password by which the mail provider's webhooks are known; "" shuts them out.

    Raises:
        ImproperlyConfigured: the password is missing or weak.
    """
    if value and len(value.partition(":")[2]) < WEAKEST_PASSWORD:
        message = f"EMAIL_WEBHOOK_SECRET: use NAME:PASSWORD, with {WEAKEST_PASSWORD} random characters or more."
        raise ImproperlyConfigured(message)
    return value


def database(url: str) -> dict[str, Any]:
    """Return the DATABASES entry for a postgres:// URL; statements and locks are bounded.

    Raises:
        ImproperlyConfigured: the variable is missing, or not the address of a Postgres.
    """
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
    """Return the address of Valkey or Redis, by default on this machine.

    Raises:
        ImproperlyConfigured: it isn't one.
    """
    if url and urlsplit(url).scheme not in {"redis", "rediss"}:
        raise ImproperlyConfigured("REDIS_URL: set the redis:// or rediss:// address of Valkey or Redis.")
    return url or "redis://127.0.0.1:6379/0"
