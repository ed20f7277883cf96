"""What is missing, weak or senseless stops the start and is named; what is documented starts without a warning."""

import os
import pkgutil
import secrets
import subprocess
import sys
from importlib import import_module

import anymail.backends
import pytest
from anymail.exceptions import AnymailConfigurationError
from django.core.exceptions import ImproperlyConfigured

from workspace_admin.configuration import (
    PROVIDERS,
    allowed_hosts,
    base_url,
    broker,
    database,
    mailers,
    metrics_token,
    networks,
    number,
    require_strong,
    sender,
)

NO_PROVIDERS = {"base", "base_requests", "console", "sendinblue", "test"}
"""Anymail's modules that send nothing, or only under another name."""


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
        {"ALLOWED_HOSTS": "other.example.com"},
        {"OUTBOX_LEASE_SECONDS": "0"},
        {"MAILS_PER_WORKSPACE": "-5"},
        {"API_CALLS_PER_MINUTE": "many"},
        {"EMAIL_PROVIDER": "postmrk"},
        {"EMAIL_PROVIDER": "postmrk", "DEBUG": "on", "BASE_URL": ""},
        {"ANYMAIL_POSTMARK_SERVER_TOKEN": "", "EMAIL_PROVIDER": "postmark"},
        {"ANYMAIL_POSTMARK_SERVER_TOKEN": "", "EMAIL_PROVIDER": "postmark", "DEBUG": "on", "BASE_URL": ""},
        {"SMTP_URL": ""},
        {"SMTP_URL": "smpt://127.0.0.1"},
        {"DEFAULT_FROM_EMAIL": "Acme"},
        {"DATABASE_URL": "mysql://127.0.0.1/console"},
        {"REDIS_URL": "127.0.0.1:6379"},
    ],
    ids=str,
)
def test_what_is_weak_missing_or_senseless_stops_the_start_and_is_named(wrong, production):
    done = manage(production | wrong, "check")
    assert done.returncode != 0
    name = "EMAIL_PROVIDER" if wrong == {"SMTP_URL": ""} else next(iter(wrong))
    assert f"ImproperlyConfigured: {name}: " in done.stderr


def test_an_empty_setting_is_as_good_as_none(production):
    empty = dict.fromkeys(
        ("ALLOWED_HOSTS", "EMAIL_PROVIDER", "DEFAULT_FROM_EMAIL", "MAILS_PER_ADDRESS", "REDIS_URL"), ""
    )
    names = ("ALLOWED_HOSTS", "DEFAULT_FROM_EMAIL", "MAILS_PER_ADDRESS", "CELERY_BROKER_URL")
    code = f"from django.conf import settings as s; print(*[getattr(s, name) for name in {names}], sep='|')"
    assert manage(production | empty, "shell", "--no-imports", "-c", code).stdout.strip().split("|") == [
        "['console.example.com']",
        "Workspace console <no-reply@console.example.com>",
        "10",
        "redis://127.0.0.1:6379/0",
    ]


@pytest.mark.parametrize("names", [["console.example.com"], [".example.com"], ["a.example", "CONSOLE.example.com"]])
def test_the_hosts_allowed_include_the_consoles_own(names):
    assert allowed_hosts(names, "console.example.com", debug=False) == names
    assert allowed_hosts(["*"], "console.example.com", debug=False) == ["*"]
    with pytest.raises(ImproperlyConfigured, match="ALLOWED_HOSTS: name the host of BASE_URL too"):
        allowed_hosts(names, "console.example.org", debug=True)


@pytest.mark.parametrize("text", ["0", "-1", "1e9", "3601", "nan", "inf", "ten", " "])
def test_a_number_out_of_bounds_is_named(text, monkeypatch):
    monkeypatch.setenv("OUTBOX_LEASE_SECONDS", text)
    with pytest.raises(ImproperlyConfigured, match="OUTBOX_LEASE_SECONDS: use a number from"):
        number("OUTBOX_LEASE_SECONDS", 20.0, least=1.0, most=3600.0)


def test_a_number_within_bounds_is_of_the_defaults_kind(monkeypatch):
    for text, found in (("", 10), ("1", 1), ("12", 12)):
        monkeypatch.setenv("MAILS_PER_ADDRESS", text)
        assert number("MAILS_PER_ADDRESS", 10, least=1, most=12) == found
    monkeypatch.setenv("MAILS_PER_ADDRESS", "1.5")
    with pytest.raises(ImproperlyConfigured, match="MAILS_PER_ADDRESS"):
        number("MAILS_PER_ADDRESS", 10, least=1, most=12)


def backend(provider):
    return import_module(f"anymail.backends.{provider}").EmailBackend


def ways(provider, monkeypatch):
    """The mailers of a provider as settings.py asks for them."""
    monkeypatch.setattr("workspace_admin.configuration.find_spec", bool)
    return mailers(provider, "", os.devnull, patience=1, debug=True)


def test_every_provider_of_anymail_is_known():
    found = {module.name for module in pkgutil.iter_modules(anymail.backends.__path__)}
    assert set(PROVIDERS) == found - NO_PROVIDERS


@pytest.mark.parametrize(("provider", "missing"), [(one, name) for one, names in PROVIDERS.items() for name in names])
def test_a_provider_without_one_of_its_keys_is_refused(provider, missing, monkeypatch):
    for name in PROVIDERS[provider]:
        monkeypatch.setenv(name, "" if name == missing else "x")
    with pytest.raises(ImproperlyConfigured, match=f"^{missing}: set it, since EMAIL_PROVIDER is {provider}"):
        ways(provider, monkeypatch)


@pytest.mark.parametrize("provider", sorted(set(PROVIDERS) - {"amazon_ses"}))
def test_the_keys_asked_for_are_those_that_anymail_needs(provider, monkeypatch, settings):
    for name in PROVIDERS[provider]:
        monkeypatch.setenv(name, "x")
    assert ways(provider, monkeypatch)["default"]["BACKEND"] == f"anymail.backends.{provider}.EmailBackend"
    keys = {name.removeprefix("ANYMAIL_"): "x" for name in PROVIDERS[provider]}
    settings.ANYMAIL = keys
    backend(provider)()
    for name in keys:
        settings.ANYMAIL = {other: value for other, value in keys.items() if other != name}
        with pytest.raises(AnymailConfigurationError, match=name):
            backend(provider)()


@pytest.mark.parametrize("url", ["smpt://h", "smtp://", "smtp:h:25", "h:25", "smtp://h:port", "smtp://[h", "https://h"])
def test_an_smtp_server_is_named_by_a_whole_address(url):
    assert mailers("", "smtps://me:p%40w@h:465", os.devnull, patience=1, debug=False)
    with pytest.raises(ImproperlyConfigured, match="SMTP_URL"):
        mailers("", url, os.devnull, patience=1, debug=True)


@pytest.mark.parametrize("value", ["Acme", "no-reply", "a@b.example\nBcc: c@d.example", "Acme <>"])
def test_the_sender_is_one_address(value):
    assert sender("Acme <a@b.example>", "h") == "Acme <a@b.example>"
    with pytest.raises(ImproperlyConfigured, match="DEFAULT_FROM_EMAIL"):
        sender(value, "h")


@pytest.mark.parametrize("url", ["", "mysql://h/d", "h:5432", "sqlite:///x"])
def test_the_database_is_a_postgres(url):
    assert database("postgres://me@h/d")
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        database(url)


@pytest.mark.parametrize("url", ["h:6379", "amqp://h", "valkey"])
def test_the_broker_is_a_redis(url):
    assert broker("") == "redis://127.0.0.1:6379/0"
    assert broker("rediss://h/1") == "rediss://h/1"
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL"):
        broker(url)


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
