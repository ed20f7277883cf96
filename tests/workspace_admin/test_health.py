"""What the health checks tell, and what people see meanwhile."""

from contextlib import contextmanager

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from workspace_admin import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrations", type(health._migrations)())


def test_live_answers(client: Client) -> None:
    assert client.get("/healthz/live").json() == {"status": "ok"}


def test_ready_with_all_there(client: Client) -> None:
    answer = client.get("/healthz/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_broker_away_is_degraded_but_ready(client: Client, settings) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/healthz/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "degraded", "degraded": ["broker"]})


@pytest.mark.parametrize("path", ["/healthz/live", "/healthz/ready"])
@pytest.mark.parametrize("host", ["10.0.0.7:8000", "evil.example", "[::2]:8000", ""])
def test_checks_respond_under_any_host(client: Client, path: str, host: str) -> None:
    assert client.get(path, headers={"host": host}).status_code == 200


def test_pages_respond_under_the_hosts_allowed(client: Client) -> None:
    assert client.get("/accounts/login/", headers={"host": "10.0.0.7:8000"}).status_code == 400


def test_a_missing_migration_is_named(client: Client) -> None:
    MigrationRecorder.Migration.objects.filter(app="invitations").order_by("-id")[:1].get().delete()
    answer = client.get("/healthz/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "failed": ["migrations"]})


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch):
    """Let the database be away for a while."""

    @contextmanager
    def absent():
        connection.close()
        with monkeypatch.context() as elsewhere:
            elsewhere.setitem(connection.settings_dict, "HOST", "/nonexistent")
            yield

    return absent


@pytest.mark.django_db(transaction=True)
def test_a_database_away_is_named_and_nothing_else(client: Client, away) -> None:
    with away():
        answer = client.get("/healthz/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "failed": ["database"]})


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.django_db(transaction=True)
def test_signed_in_people_are_asked_to_wait_while_the_database_is_away(client_for, alice, acme, settings, away, debug):
    settings.DEBUG = debug
    client = client_for(alice, raise_request_exception=False)
    with away():
        page = client.get("/w/acme/members/")
        row = client.get("/w/acme/members/", headers={"HX-Request": "true"})
        call = client.get("/api/v1/workspaces")
        assert client.get("/healthz/live").status_code == 200
    assert (page.status_code, row.status_code, call.status_code) == (503, 503, 503)
    assert all(int(answer["Retry-After"]) for answer in (page, row, call))
    assert b"Busy right now" in page.content
    assert call.json()["code"] == "unavailable"
    assert client.get("/w/acme/members/").status_code == 200


def test_a_mistake_of_ours_still_shows_developers_where_it_is(client_for, alice, settings, monkeypatch):
    settings.DEBUG = True
    client = client_for(alice, raise_request_exception=False)
    monkeypatch.setattr("members.session_store.AGENT_LENGTH", "no number")
    answer = client.get("/profile/")
    assert (answer.status_code, b"TypeError" in answer.content) == (500, True)


def test_a_write_is_refused(client: Client) -> None:
    assert client.post("/healthz/live").status_code == 405
