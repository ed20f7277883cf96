"""With DEBUG off, what is missing or weak stops the start and is named; what is documented starts without a warning."""

import os
import secrets
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from workspace_admin.configuration import base_url, metrics_token, networks, require_strong


@pytest.fixture
def production(db) -> dict[str, str]:
    """The environment that the README has for production."""
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "BASE_URL": "https://console.example.com",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "INVITATION_KEYS": secrets.token_urlsafe(50),
        "SMTP_URL": "smtp://127.0.0.1:25",
        "METRICS_TOKEN": secrets.token_urlsafe(32),
        "TRUSTED_PROXIES": "10.0.0.0/8,127.0.0.1",
    }


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_check_for_deployment_finds_nothing(production):
    done = manage(production, "check", "--deploy", "--fail-level", "WARNING")
    assert (done.returncode, done.stderr) == (0, "")


def test_cookies_are_host_only_and_secure_where_the_site_is_https(production):
    names = ("SESSION", "CSRF", "MESSAGE")
    code = f"from django.conf import settings as s; print(*[getattr(s, n + '_COOKIE_NAME') for n in {names}])"
    assert manage(production, "shell", "--no-imports", "-c", code).stdout.split() == [
        "__Host-session",
        "__Host-csrf",
        "__Host-messages",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"SECRET_KEY": ""},
        {"SECRET_KEY": "short"},
        {"INVITATION_KEYS": ""},
        {"BASE_URL": "http://console.example.com"},
        {"METRICS_TOKEN": "guess"},
    ],
    ids=str,
)
def test_what_is_weak_or_missing_stops_the_start_and_is_named(wrong, production):
    done = manage(production | wrong, "check")
    assert done.returncode != 0
    assert f"ImproperlyConfigured: {next(iter(wrong))}: " in done.stderr


@pytest.mark.parametrize("key", ["", "x" * 49, "ab" * 40, "django-insecure-" + "abcdefghij" * 6])
def test_a_weak_secret_is_good_for_development_only(key):
    assert require_strong("SECRET_KEY", key, debug=True)
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        require_strong("SECRET_KEY", key, debug=False)


@pytest.mark.parametrize("address", ["https://a.example/path", "https://me:pw@a.example", "https://", "a.example", ""])
def test_the_consoles_address_is_scheme_and_host(address):
    with pytest.raises(ImproperlyConfigured, match="BASE_URL"):
        base_url(address, debug=False)


def test_metrics_may_be_shut(settings):
    assert metrics_token("", debug=False) == ""
    assert metrics_token("guess", debug=True) == "guess"


@pytest.mark.parametrize("text", ["proxy.internal", "10.0.0.0/64", ""])
def test_a_proxy_is_named_by_its_address(text):
    assert networks(["10.0.0.1", "2001:db8::/32"])
    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES"):
        networks([text])
