"""Erasing oneself on Profile, erasing somebody in Django admin, and the file of one's own data."""

import json
import re

import pytest
from django.urls import reverse

from billing_seats.lifecycle.services import change_role
from invitations.inviting import invite
from members.access import actor_for
from members.models import AuditEvent, User
from tests.conftest import PASSWORD
from tests.workspace_admin.personal_data.conftest import NAMES, NEW, OLD
from workspace_admin.personal_data.services import erase_own_account
from workspace_admin.support.staff import make_staff

PAGE, FILE = "/profile/erasure/", "/profile/data.json"


@pytest.fixture
def fresh(client_for):
    """A browser in which the person has just given their password."""

    def sign_in(user: User):
        client = client_for(user)
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        return client

    return sign_in


def test_the_page_names_what_is_lost_and_asks_for_the_address(fresh, story):
    client = fresh(story.user)
    page = " ".join(client.get(PAGE).content.decode().split())
    for words in (
        f"Type {NEW} to confirm",
        "Acme</strong>: Admin, seats: le Chat Team",
        "Globex</strong>: Member, deactivated",
        "invitation pending",
    ):
        assert words in page
    for typed in ("", OLD, "erase"):
        answer = client.post(PAGE, {"email": typed})
        assert answer.status_code == 400
        assert "This isn’t your email address." in answer.content.decode()
    answer = client.post(PAGE, {"email": f" {NEW.upper()} "}, follow=True)
    assert answer.redirect_chain == [("/erased/", 302)]
    assert "Your account is deleted" in answer.content.decode()
    assert not User.objects.filter(id=story.user.id).exists()
    assert client.get("/profile/").status_code == 302


def test_an_erased_person_is_signed_out_everywhere_and_cannot_sign_in(fresh, client, client_for, story):
    elsewhere = client_for(story.user)
    fresh(story.user).post(PAGE, {"email": NEW})
    assert elsewhere.get("/profile/").status_code == 302
    answer = client.post("/accounts/login/", {"login": NEW, "password": PASSWORD})
    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session


def test_nobody_is_erased_without_a_fresh_proof(client, client_for, alice):
    for browser in (client, client_for(alice)):
        assert browser.post(PAGE, {"email": alice.email}).status_code == 302
    assert User.objects.filter(id=alice.id).exists()


def test_the_last_admin_is_told_where_and_what_to_do(fresh, story, acme, alice):
    change_role(actor_for(story.user, "acme"), acme.memberships.get(user=alice).id, "member")
    client = fresh(story.user)
    for answer, status in ((client.get(PAGE), 200), (client.post(PAGE, {"email": NEW}), 409)):
        assert answer.status_code == status
        assert "No other active Admin: Acme. Make someone else an Admin there first." in answer.content.decode()
        assert "Delete my account and data" not in answer.content.decode()
    assert User.objects.filter(id=story.user.id).exists()


def test_nobody_finds_an_erased_person_in_the_log(story, client_for, dana, globex):
    client = client_for(dana)
    paths = [
        "/w/globex/audit/",
        f"/w/globex/audit/?who={OLD}",
        "/w/globex/audit/export.csv",
        "/w/globex/audit/export.jsonl",
    ]
    read = {path: client.get(path).getvalue().decode() for path in paths}
    assert all(NAMES[0] in read[path] for path in (paths[0], *paths[2:]))
    erase_own_account(story.user)
    for path in paths:
        text = client.get(path).getvalue().decode().replace(OLD, "", path.count(OLD))
        assert not re.search("plover|xyzzyburg", text, re.IGNORECASE)
    assert "Person erased" in client.get("/w/globex/audit/").content.decode()
    assert "No events" in client.get(f"/w/globex/audit/?who={NEW}").content.decode()


def test_the_file_has_what_is_known_of_the_person_and_nobody_else(fresh, story, solo):
    invite(actor_for(story.user, "acme"), ["kit@new.example"])
    answer = fresh(story.user).get(FILE)
    assert re.fullmatch(r'attachment; filename="my-data-\d{4}-\d\d-\d\d\.json"', answer["Content-Disposition"])
    told = json.loads(answer.content)
    assert list(told) == [
        "version", "exported_at", "account", "sessions", "memberships", "invitations", "emails", "audit_events",
    ]  # fmt: skip
    account = {
        "email": NEW,
        "name": NAMES[1],
        "former_emails": [OLD],
        "former_names": NAMES[:1],
        "email_verified": True,
    }
    assert account.items() <= told["account"].items()
    assert [(one["workspace"]["slug"], one["status"], one["role"], one["seats"]) for one in told["memberships"]] == [
        ("acme", "active", "admin", ["le Chat Team"]),
        ("globex", "deactivated", "member", []),
        ("solo", "invited", "member", []),
    ]
    assert [one["status"] for one in told["invitations"]] == ["accepted", "accepted", "accepted", "revoked", "pending"]
    assert {one["to"] for one in told["emails"]} == {OLD, NEW}
    assert {"invitation", "change_address", "low", "address_changed"} <= {one["kind"] for one in told["emails"]}
    events = {(one["action"], one["by_you"], one["about_you"]) for one in told["audit_events"]}
    assert events >= {
        ("member.removed", False, True), ("member.renamed", True, True), ("invitation.created", True, False),
    }  # fmt: skip
    assert not re.search("alice|dana|erin|sam support|max@|kit@", answer.content.decode(), re.IGNORECASE)


@pytest.fixture
def erase_url(story) -> str:
    return reverse("admin:members_user_erase", args=[story.user.id])


def test_support_sees_what_goes_and_gives_a_reason(client_for, sam, story, erase_url):
    client = client_for(sam)
    assert "Erase person" in client.get(reverse("admin:members_user_change", args=[story.user.id])).content.decode()
    page = " ".join(client.get(erase_url).content.decode().split())
    assert "Acme</strong>: Admin, seats: le Chat Team" in page
    assert "stays in the audit log" in client.post(erase_url, {"reason": NEW}).content.decode()
    client.post(erase_url, {"reason": ""})
    assert User.objects.filter(id=story.user.id).exists()
    assert client.post(erase_url, {"reason": "Ticket 812"})["Location"] == reverse("admin:members_user_changelist")
    assert not User.objects.filter(id=story.user.id).exists()
    assert AuditEvent.objects.filter(action="person.erased", actor_id=sam.id, reason="Ticket 812").count() == 3


def test_support_that_only_views_can_erase_nobody(client_for, person, story, erase_url):
    vera = person("viewer@example.com", "Vera Viewer")
    make_staff(vera, "Support, view only")
    client = client_for(vera)
    assert "Erase person" not in client.get(reverse("admin:members_user_change", args=[story.user.id])).content.decode()
    assert client.post(erase_url, {"reason": "Ticket 812"}).status_code == 403
    assert User.objects.filter(id=story.user.id).exists()
