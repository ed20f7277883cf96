"""Workspaces over the REST API: which ones are whose, and what an Admin may set."""

import pytest

from members.models import AuditEvent, Workspace
from tests.api_clients import fields, problem

pytestmark = pytest.mark.usefixtures("every_workspace")

PATH = "/workspaces/acme"
TEAM = ["invitations", "api"]


def test_everyone_sees_the_workspaces_they_are_in(api, alice, bob, erin, acme):
    page = api(alice).get("/workspaces").json()
    assert [row["slug"] for row in page["data"]] == ["acme", "globex"]
    assert (page["next_cursor"], page["prev_cursor"]) == (None, None)
    assert [row["slug"] for row in api(bob).get("/workspaces").json()["data"]] == ["acme"]
    [solo] = api(erin).get("/workspaces").json()["data"]
    assert (solo["plan"], solo["features"]) == ("free", [])
    acme.memberships.filter(user=bob).delete()
    assert api(bob).get("/workspaces").status_code in {200, 401}


def test_pages_of_workspaces_follow_each_other(api, alice):
    first = api(alice).get("/workspaces", limit=1, include="total").json()
    second = api(alice).get("/workspaces", limit=1, cursor=first["next_cursor"]).json()
    assert first["total"] == 2
    assert [row["name"] for row in first["data"] + second["data"]] == ["Acme", "Globex"]


def test_a_workspace_tells_its_plan_and_features(api, alice, bob, erin, dana, acme):
    for who in (alice, bob):
        body = api(who).get(PATH).json()
        assert (body["id"], body["name"], body["slug"]) == (str(acme.id), "Acme", "acme")
        assert (body["plan"], body["features"], body["reminders"]) == ("team", TEAM, True)
    assert api(alice).get(f"/workspaces/{acme.id}").json() == body
    assert api(dana).get("/workspaces/globex").json()["features"] == [*TEAM, "audit_export"]
    assert api(erin).get("/workspaces/solo").json()["plan"] == "free"


def test_a_key_knows_its_own_workspace_only(key_of, as_alice):
    key = key_of(as_alice, scope="read")
    assert [row["slug"] for row in key.get("/workspaces").json()["data"]] == ["acme"]
    assert key.get(PATH).json()["name"] == "Acme"
    assert problem(key.get("/workspaces/globex")) == (404, "not_found")
    assert problem(key.patch(PATH, {"name": "x"})) == (403, "permission_denied")


def test_an_admin_changes_name_and_reminders(api, alice, acme):
    changed = api(alice).patch(PATH, {"name": " Acme & sons ", "reminders": False})
    assert changed.status_code == 200, changed.content
    assert (changed.json()["name"], changed.json()["reminders"]) == ("Acme & sons", False)
    assert changed.json() == api(alice).get(PATH).json()
    event = AuditEvent.objects.get(workspace_id=acme.id, action="workspace.changed")
    assert event.changes == {"name": ["Acme", "Acme & sons"], "reminders": [True, False]}


def test_only_an_admin_changes_it(api, bob, carol, dana, alice):
    for who in (bob, carol):
        assert problem(api(who).patch(PATH, {"name": "Ours"})) == (403, "permission_denied")
    assert problem(api(dana).patch(PATH, {"name": "Ours"})) == (404, "not_found")
    assert problem(api(dana).get(PATH)) == (404, "not_found")
    for body, field in (
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"reminders": "perhaps"}, "reminders"),
        ({"slug": "ours"}, "slug"),
        ({"plan": "enterprise"}, "plan"),
    ):
        assert fields(api(alice).patch(PATH, body)) == [field]
    assert Workspace.objects.get(slug="acme").name == "Acme"


def test_a_stranger_sees_nothing(stranger):
    for path in ("/workspaces", PATH):
        assert problem(stranger.get(path)) == (401, "unauthenticated")


def test_a_key_on_a_lesser_plan_still_sees_which_plan_it_is(key_of, as_alice, acme):
    key = key_of(as_alice)
    acme.subscription.plan = "pro"
    acme.subscription.save()
    assert key.get("/workspaces").json()["data"] == [key.get(PATH).json()]
    assert problem(key.get(f"{PATH}/members")) == (403, "plan_required")
