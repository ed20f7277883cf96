"""Home, roles guide, profile, leaving, creating a workspace, subscription."""

import pytest

from billing_seats.models import SeatPool
from members.access import ACTION_LABELS, ROLE_TABLE, Action
from members.models import AuditEvent, Workspace
from workspace_admin.demo import cast

ROOMS = ["", "subscription/", "membership/departure/"]


@pytest.mark.parametrize("room", ROOMS)
def test_foreign_and_nonexistent_workspaces_look_alike(room, client_for, acme, erin):
    browser = client_for(erin)
    foreign, missing = browser.get(f"/w/acme/{room}"), browser.get(f"/w/nowhere/{room}")
    assert foreign.status_code == missing.status_code == 404
    assert b"Acme" not in foreign.content


@pytest.mark.parametrize("room", ROOMS)
def test_strangers_are_asked_to_sign_in(room, client, acme):
    assert client.get(f"/w/acme/{room}")["Location"].startswith("/accounts/login/?next=/w/acme/")


def test_home_opens_what_one_holds_and_says_why_not_the_rest(client_for, acme, bob, carol, alice):
    bobs = client_for(bob).get("/w/acme/").content.decode()
    assert "Open le Chat Team" in bobs
    assert "Open Mistral Code" not in bobs
    assert "You have no Mistral Code seat (3 of 3 available)." in bobs
    assert "You don’t have a seat yet" in client_for(carol).get("/w/acme/").content.decode()
    assert "on the Members page" in client_for(alice).get("/w/acme/").content.decode()
    SeatPool.objects.filter(product__slug=cast.CODE).update(purchased=0)
    assert "You have no Mistral Code seat (0 of 0 available)." in client_for(bob).get("/w/acme/").content.decode()


def test_home_on_the_free_plan_says_which_plans_have_seats(client_for, solo, erin):
    assert b"Team and Enterprise" in client_for(erin).get("/w/solo/").content


@pytest.mark.parametrize(("who", "status"), [("alice", 200), ("carol", 200), ("bob", 403)])
def test_the_subscription_is_shown_to_admin_and_billing(who, status, request, client_for, acme):
    page = client_for(request.getfixturevalue(who)).get("/w/acme/subscription/")
    assert page.status_code == status
    text = page.content.decode()
    assert ("Held by invitations" in text) is (status == 200)
    assert ("You don’t have access to the subscription" in text) is (status == 403)


def test_the_roles_guide_is_made_of_the_role_table(client_for, bob):
    page = client_for(bob).get("/roles/")
    assert dict(page.context["rows"]) == {
        ACTION_LABELS[action]: [role in ROLE_TABLE[action] for role in page.context["roles"]] for action in Action
    }


def test_the_profile_keeps_name_and_language_everywhere(client_for, acme, globex, alice):
    browser = client_for(alice)
    assert browser.post("/profile/", {"name": " Alice A. ", "language": "fr"}).status_code == 302
    alice.refresh_from_db()
    assert (alice.name, alice.language) == ("Alice A.", "fr")
    assert set(alice.memberships.values_list("name", flat=True)) == {"Alice A."}
    page = browser.get("/profile/")
    assert page["Content-Language"] == "fr"
    assert "Votre profil a été enregistré" in page.content.decode()


@pytest.mark.parametrize("fields", [{"name": "", "language": "en"}, {"name": "A", "language": "xx"}, {"name": "a\tb"}])
def test_a_bad_profile_changes_nothing(fields, client_for, alice):
    assert client_for(alice).post("/profile/", fields).status_code == 200
    alice.refresh_from_db()
    assert alice.name == "Alice Martin"


def test_leaving_asks_first_and_ends_access_at_once(client_for, acme, bob):
    browser = client_for(bob)
    assert b"Leave Acme?" in browser.get("/w/acme/membership/departure/").content
    assert acme.memberships.filter(user=bob).exists()
    assert browser.post("/w/acme/membership/departure/")["Location"] == "/"
    assert not acme.memberships.filter(user=bob).exists()
    assert browser.get("/w/acme/")["Location"].startswith("/accounts/login/")
    assert AuditEvent.objects.filter(action="member.left", actor_id=bob.id).exists()


def test_the_last_admin_is_told_why_they_cannot_leave(client_for, acme, alice):
    page = client_for(alice).post("/w/acme/membership/departure/")
    assert page.status_code == 409
    assert b"only active Admin" in page.content
    assert acme.memberships.filter(user=alice).exists()


def test_creating_a_workspace_makes_its_admin(client_for, bob):
    browser = client_for(bob)
    assert browser.post("/workspaces/new/", {"name": "Bobs", "slug": "bobs"})["Location"] == "/w/bobs/"
    workspace = Workspace.objects.get(slug="bobs")
    assert workspace.memberships.get().role == "admin"
    assert workspace.subscription.plan == "free"


@pytest.mark.parametrize(
    "slug", ["", "a", "a" * 33, "Acme!", "-a", "a-", "UPPER", "a b", "new_one", "é", "acme", "a\0b"]
)
def test_a_bad_or_taken_slug_is_said(slug, client_for, acme, bob):
    before = Workspace.objects.count()
    page = client_for(bob).post("/workspaces/new/", {"name": "Bobs", "slug": slug})
    assert page.status_code == 200
    assert page.context["form"].errors["slug"]
    assert Workspace.objects.count() == before
