"""The page of the audit log: who sees it, what narrows it, what an event says in words; and the log as a file."""

import csv
import io
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing_seats.keys.services import create_key
from billing_seats.lifecycle.services import change_role, remove
from invitations.inviting import invite
from members.access import actor_for
from members.audit_words import FIELDS
from members.models import AuditEvent
from workspace_admin.audit import queries
from workspace_admin.demo import cast

LOG = "/w/globex/audit/"
CSV, JSON_LINES = f"{LOG}export.csv", f"{LOG}export.jsonl"


@pytest.fixture
def as_dana(globex, dana):
    return actor_for(dana, "globex")


@pytest.fixture
def done(as_dana, globex, alice):
    """Alice's role was changed, Ada was invited with a seat."""
    change_role(as_dana, globex.memberships.get(user=alice).id, "billing")
    invite(as_dana, ["ada@example.com"], products=[cast.CHAT])


@pytest.fixture
def log(client_for, dana, done):
    client = client_for(dana)

    def read(path=LOG, **query):
        return client.get(path, query)

    return read


def whats(response):
    assert response.status_code == 200
    return [row["what"] for row in response.context["rows"]]


def test_an_event_says_in_words_what_was_before_and_after(log):
    page = log()
    text = " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())
    assert "Role from Member → to Billing" in text
    assert "Role Member Seats le Chat Team" in text
    assert whats(page)[:2] == ["Invited", "Role changed"]
    assert "Dana Osei" in text
    assert "ada@example.com" in text


def test_the_page_speaks_the_readers_language(log, dana):
    dana.language = "fr"
    dana.save()
    text = " ".join(re.sub(r"<[^>]+>", " ", log().content.decode()).split())
    assert "Journal d’audit" in text
    assert "Rôle de Membre → à Facturation" in text


def test_the_log_is_narrowed(log, globex, as_dana):
    assert whats(log(action="member.role_changed")) == ["Role changed"]
    assert whats(log(who="ada")) == ["Invited"]
    assert [whats(log(who=text)) for text in ("...", "-", "'?!")] == [[], [], []]
    assert whats(log(who="ali mart", action="member.role_changed")) == ["Role changed"]
    assert whats(log(since="2099-01-01")) == []
    assert whats(log(until="2001-01-01")) == []
    assert whats(log(who="nobody")) == []
    everything = whats(log())
    assert whats(log(since="2001-01-01", until="2099-01-01", who=" ")) == everything
    remove(as_dana, globex.memberships.get(email="alice@acme.example").id)
    assert whats(log(who="Alice@acme.example"))[0] == "Removed"


@pytest.mark.parametrize(
    "query",
    [
        {"action": "nothing"},
        {"since": "soon", "until": "0001-01-01"},
        {"since": "9999-12-31", "until": "9999-12-31"},
        {"who": "x" * 300},
        {"who": "'; drop table"},
        {"cursor": "x"},
        {"page": "2"},
    ],
)
def test_what_makes_no_sense_is_left_out(log, query):
    assert log(**query).status_code == 200


def test_pages_follow_each_other(log, as_dana):
    invite(as_dana, [f"p{n}@example.com" for n in range(70)])
    first = log(action="invitation.created")
    assert len(whats(first)) == 50
    second = log(LOG + first.context["next"])
    assert {*whats(second)} == {"Invited"}
    third = log(LOG + second.context["previous"])
    assert [row["event"].id for row in third.context["rows"]] == [row["event"].id for row in first.context["rows"]]


def test_only_admins_see_and_export_it(client_for, acme, bob, carol, dana, done):
    for who in (bob, carol):
        for path in ("/w/acme/audit/", "/w/acme/audit/export.csv"):
            page = client_for(who).get(path)
            assert page.status_code == 403
            assert b"Admin" in page.content
    for path in ("/w/acme/audit/", "/w/acme/audit/export.csv"):
        assert client_for(dana).get(path).status_code == 404


def test_a_plan_without_the_export_says_which_has_it(client_for, acme, alice):
    page = client_for(alice).get("/w/acme/audit/")
    assert b"available on the Enterprise plan. This workspace is on Team" in page.content
    assert b"export.csv" not in page.content
    for form in ("csv", "jsonl"):
        refused = client_for(alice).get(f"/w/acme/audit/export.{form}")
        assert refused.status_code == 403
        assert b"Enterprise" in refused.content


def test_both_files_hold_every_event_asked_for(log, as_dana, globex):
    table = log(CSV)
    assert table["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="audit-globex-\d{4}-\d\d-\d\d\.csv"', table["Content-Disposition"])
    rows = list(csv.DictReader(io.StringIO(table.getvalue().decode())))
    lines = [json.loads(line) for line in log(JSON_LINES).getvalue().splitlines()]
    assert len(rows) == len(lines) == AuditEvent.objects.filter(workspace_id=globex.id).count()
    assert [row["id"] for row in rows] == [line["id"] for line in lines]
    assert (lines[0]["action"], lines[0]["target"]["label"]) == ("invitation.created", "ada@example.com")
    assert json.loads(rows[0]["changes"]) == lines[0]["changes"]
    assert rows[0]["occurred_at"] == lines[0]["occurred_at"]
    narrowed = log(CSV, action="member.role_changed").getvalue().decode()
    assert len(narrowed.splitlines()) == 2


@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "=1+1"])
def test_a_spreadsheet_runs_nothing(log, as_dana, name):
    create_key(as_dana, name=name, scope="read")
    [row] = csv.DictReader(io.StringIO(log(CSV, action="api_key.created").getvalue().decode()))
    assert row["target_label"] == f"'{name}"


def test_a_file_of_any_length_is_read_in_chunks(log, as_dana, monkeypatch):
    monkeypatch.setattr(queries, "CHUNK", 10)
    invite(as_dana, [f"p{n}@example.com" for n in range(35)])
    response = log(JSON_LINES, action="invitation.created")
    lines = iter(response.streaming_content)
    with CaptureQueriesContext(connection) as statements:
        for _ in range(10):
            next(lines)
    assert len(statements) == 1
    assert len(list(lines)) == 35 + 1 + 1 - 10


def test_every_field_of_an_event_has_a_name(log, globex):
    products = {cast.CHAT, cast.CODE}
    for event in AuditEvent.objects.all():
        assert set(event.changes) <= set(FIELDS) | products


def test_the_page_costs_the_same_however_long_the_log(log, as_dana):
    costs = []
    for size in (1, 60):
        invite(as_dana, [f"{size}-{n}@example.com" for n in range(size)])
        log()
        with CaptureQueriesContext(connection) as statements:
            log(reverse("audit", args=["globex"]))
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 8
