"""What the health checks tell."""

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


def test_a_missing_migration_is_named(client: Client) -> None:
    MigrationRecorder.Migration.objects.filter(app="invitations").order_by("-id")[:1].get().delete()
    answer = client.get("/healthz/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "failed": ["migrations"]})


@pytest.mark.django_db(transaction=True)
def test_a_database_away_is_named_and_nothing_else(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "HOST", "/nonexistent")
        answer = client.get("/healthz/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "failed": ["database"]})


def test_a_write_is_refused(client: Client) -> None:
    assert client.post("/healthz/live").status_code == 405
