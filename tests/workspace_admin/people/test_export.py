"""The member list as a file: what is shown, or who is selected."""

import csv
from datetime import UTC, datetime
from io import StringIO

import pytest

from billing_seats.lifecycle.services import give, set_end
from members.models import AuditEvent, Membership
from workspace_admin.demo import cast

FILE = "/w/acme/members/export.csv"


@pytest.fixture
def exported(plain, ask_to_join, as_alice, member):
    """Export and return the rows of the file, Bob's with a seat and an end date."""
    ask_to_join("ada@new.example")
    give(as_alice, member("bob@acme.example").id, cast.CODE)
    set_end(as_alice, member("bob@acme.example").id, datetime(2099, 1, 2, 3, 4, tzinfo=UTC))
    Membership.objects.filter(email="carol@acme.example").update(name="=cmd|calc", external_id="+1")

    def read(send="get", query="", **values):
        response = getattr(plain, send)(FILE + query, values)
        assert response.status_code == 200, response.content
        return response, list(csv.DictReader(StringIO(b"".join(response.streaming_content).decode())))

    return read


def last_event():
    return AuditEvent.objects.filter(action="members.exported").latest("occurred_at")


def test_the_file_has_everybody_with_every_column_and_runs_nothing(exported):
    response, rows = exported()
    assert response["Content-Disposition"].startswith('attachment; filename="members-acme-20')
    assert [row["email"].partition("@")[0] for row in rows] == ["ada", "alice", "bob", "carol"]
    ada, _alice, bob, carol = rows
    assert (bob["role"], bob["status"], bob["seats"]) == ("member", "active", f"{cast.CHAT}, {cast.CODE}")
    assert bob["expires_at"] == "2099-01-02T03:04:00Z"
    assert (carol["name"], carol["external_id"]) == ("'=cmd|calc", "'+1")
    assert ada["status"] == "invited"
    assert (last_event().actor_label.partition(" <")[0], last_event().changes["rows"]) == ("Alice Martin", [None, 4])


def test_it_has_what_the_list_shows(exported):
    _response, rows = exported(query="?tab=active&role=member&role=admin&sort=-name&q=acme&columns=role&columns=joined")
    assert [row["email"].partition("@")[0] for row in rows] == ["bob", "alice"]
    assert list(rows[0]) == ["email", "name", "role", "joined_at", "external_id"]
    assert last_event().changes["filters"] == [None, ["tab=active", "role=member", "role=admin", "q"]]


def test_it_has_who_is_selected_by_hand_or_by_the_lists_filter(exported, member, globex, plain):
    ids = [str(member("bob@acme.example").id), str(globex.memberships.first().id), "nobody"]
    assert [row["email"] for row in exported("post", members=ids)[1]] == ["bob@acme.example"]
    assert last_event().changes == {"rows": [None, 1], "filters": [None, ["selection"]]}
    assert [row["email"] for row in exported("post", filter="?tab=invited")[1]] == ["ada@new.example"]
    assert len(exported("post", filter="?")[1]) == 4
    assert b"Select the people to export first." in plain.post(FILE).content
