"""Invitations over the REST API: what is answered, and to whom."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from invitations import tokens
from invitations.models import Invitation
from tests.api_clients import fields, problem

pytestmark = pytest.mark.usefixtures("every_workspace")

PATH = "/workspaces/acme/invitations"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def _made(api, alice, email="ada@example.com", **values):
    response = api(alice).post(PATH, {"email": email, **values})
    assert response.status_code == 201, response.content
    return response.json()


def _expire(invitation_id):
    past = Now() - timedelta(hours=1)
    invitation = Invitation.objects.get(id=invitation_id)
    invitation.membership.__class__.objects.filter(id=invitation.membership_id).update(expires_at=past)
    Invitation.objects.filter(id=invitation_id).update(expires_at=past, sent_at=Now() - timedelta(hours=2))


def _sent_long_ago(invitation_id):
    Invitation.objects.filter(id=invitation_id).update(sent_at=Now() - timedelta(minutes=2))


def test_admin_invites_with_every_value(api, alice, acme):
    made = _made(
        api,
        alice,
        email="Ada@Example.com",
        role="billing",
        seats=["mistral-code", "le-chat-team"],
        locale="fr",
        message="Bienvenue",
        expires_in_days=3,
    )
    assert made["email"] == "ada@example.com"
    assert made["role"] == "billing"
    assert made["seats"] == ["le-chat-team", "mistral-code"]
    assert made["status"] == "pending"
    assert made["invited_by"] == {"type": "user", "id": str(alice.id), "name": str(alice)}
    assert made["locale"] == "fr"
    assert made["sent_count"] == 1
    assert made["delivery"]["status"] == "queued"
    assert acme.memberships.get(id=made["member"]).email == "ada@example.com"
    assert [made[name] for name in ("accepted_at", "revoked_at", "declined_at")] == [None, None, None]
    for time in (made["created_at"], made["expires_at"], made["delivery"]["at"]):
        assert RFC_3339.fullmatch(time)


def test_only_the_address_is_required(api, alice):
    made = _made(api, alice)
    assert (made["role"], made["seats"]) == ("member", [])


def test_a_workspace_goes_by_its_id_too(api, alice, acme):
    made = _made(api, alice)
    assert api(alice).get(f"/workspaces/{acme.id}/invitations/{made['id']}").json() == made


def test_billing_sees_invitations_and_cannot_invite(api, alice, carol):
    made = _made(api, alice)
    assert api(carol).get(PATH, status="pending").json()["data"] == [made]
    assert api(carol).get(f"{PATH}/{made['id']}").json() == made
    refused = api(carol).post(PATH, {"email": "eve@example.com"})
    assert problem(refused) == (403, "permission_denied")
    assert "Admin" in refused.json()["detail"]
    for action in ("resend", "revoke"):
        assert problem(api(carol).post(f"{PATH}/{made['id']}/{action}")) == (403, "permission_denied")


def test_member_sees_no_invitations(api, alice, bob):
    made = _made(api, alice)
    for path in (PATH, f"{PATH}/{made['id']}"):
        assert problem(api(bob).get(path)) == (403, "permission_denied")


def test_foreign_and_unknown_workspaces_look_alike(api, alice, dana):
    made = _made(api, alice)
    answers = [
        api(dana).get(PATH),
        api(dana).get("/workspaces/nowhere/invitations"),
        api(dana).get(f"{PATH}/{made['id']}"),
        api(dana).get(f"/workspaces/globex/invitations/{made['id']}"),
        api(dana).post(f"/workspaces/globex/invitations/{made['id']}/revoke"),
        api(dana).post(f"/workspaces/globex/invitations/{made['id']}/resend"),
        api(dana).get("/workspaces/globex/invitations/0197c000-0000-7000-8000-000000000000"),
    ]
    assert {problem(answer) for answer in answers} == {(404, "not_found")}
    assert len({answer.content for answer in answers}) == 1
    assert api(alice).get(f"{PATH}/{made['id']}").json() == made


@pytest.mark.parametrize("path", ["members", "invitations", "invitations/0197c000-0000-7000-8000-000000000000"])
def test_a_plan_without_the_api_is_told_which_has_it(api, erin, path):
    refused = api(erin).get(f"/workspaces/solo/{path}")
    assert problem(refused) == (403, "plan_required")
    assert refused.json()["feature"] == "api"
    assert refused.json()["plans"] == ["team", "enterprise"]


def test_a_second_live_invitation_is_refused_and_an_expired_one_is_renewed(api, alice):
    made = _made(api, alice)
    assert problem(api(alice).post(PATH, {"email": "ADA@example.com"})) == (409, "already_invited")
    _expire(made["id"])
    assert api(alice).get(f"{PATH}/{made['id']}").json()["status"] == "expired"
    renewed = _made(api, alice, role="billing", seats=["mistral-code"])
    assert renewed["id"] == made["id"]
    assert (renewed["status"], renewed["role"], renewed["seats"]) == ("pending", "billing", ["mistral-code"])


def test_a_member_is_not_invited_again(api, alice):
    assert problem(api(alice).post(PATH, {"email": "bob@acme.example"})) == (409, "already_member")


def test_the_last_seat_goes_once(api, alice):
    for number in range(3):
        _made(api, alice, email=f"p{number}@example.com", seats=["mistral-code"])
    refused = api(alice).post(PATH, {"email": "late@example.com", "seats": ["mistral-code"]})
    assert problem(refused) == (409, "seats_exhausted")
    assert (refused.json()["product"], refused.json()["available"]) == ("mistral-code", 0)
    assert api(alice).get(PATH, email="late@example.com").json()["data"] == []


def test_resend_waits_a_minute_then_sends_under_a_new_link(api, alice):
    made = _made(api, alice)
    old = tokens.make(Invitation.objects.get(id=made["id"]))
    early = api(alice).post(f"{PATH}/{made['id']}/resend")
    assert problem(early) == (429, "rate_limited")
    assert 1 <= int(early["Retry-After"]) <= 60
    _sent_long_ago(made["id"])
    sent = api(alice).post(f"{PATH}/{made['id']}/resend")
    assert sent.status_code == 200
    assert sent.json()["sent_count"] == 2
    assert tokens.make(Invitation.objects.get(id=made["id"])) != old


def test_resend_and_revoke_work_on_expired_ones(api, alice):
    made = _made(api, alice)
    _expire(made["id"])
    assert api(alice).post(f"{PATH}/{made['id']}/resend").json()["status"] == "pending"
    _expire(made["id"])
    assert api(alice).post(f"{PATH}/{made['id']}/revoke").json()["status"] == "revoked"


def test_a_revoked_invitation_keeps_its_story_and_is_over(api, alice):
    made = _made(api, alice, seats=["mistral-code"])
    over = api(alice).post(f"{PATH}/{made['id']}/revoke").json()
    assert (over["status"], over["member"], over["seats"]) == ("revoked", None, ["mistral-code"])
    assert RFC_3339.fullmatch(over["revoked_at"])
    for action in ("resend", "revoke"):
        assert problem(api(alice).post(f"{PATH}/{made['id']}/{action}")) == (409, "invitation_not_pending")


def test_the_list_is_narrowed_by_status_and_address(api, alice):
    pending, expired, revoked = (_made(api, alice, email=f"{name}@example.com") for name in ("p", "e", "r"))
    _expire(expired["id"])
    api(alice).post(f"{PATH}/{revoked['id']}/revoke")

    def ids(**query):
        return [row["id"] for row in api(alice).get(PATH, **query).json()["data"]]

    assert ids(status="pending") == [pending["id"]]
    assert ids(status="expired") == [expired["id"]]
    assert ids(status="revoked") == [revoked["id"]]
    assert ids(email="P@example.com") == [pending["id"]]
    assert {*ids(status="accepted")} & {pending["id"], expired["id"], revoked["id"]} == set()


def test_no_answer_holds_a_token(api, alice):
    made = _made(api, alice)
    token = tokens.make(Invitation.objects.get(id=made["id"])).encode()
    for answer in (api(alice).get(PATH), api(alice).get(f"{PATH}/{made['id']}")):
        assert token not in answer.content
        assert b"/join/" not in answer.content


NO_ADDRESSES = [
    "",
    "   ",
    "ada",
    "ada@",
    "Ada <ada@example.com>",
    "ada@example.com, eve@example.com",
    "ada@example.com\r\nBcc: eve@example.com",
    "Bcc: eve@example.com",
    "ad\u0430@example.com",
    "ada@exam\u200bple.com",
    "\u212aim@example.com",
    "ada\u0000@example.com",
    f"{'a' * 300}@example.com",
    "a" * 5000,
    None,
    5,
    ["ada@example.com"],
    {"email": "ada@example.com"},
]


def test_what_is_no_address_is_refused_by_name(api, alice):
    for email in NO_ADDRESSES:
        assert fields(api(alice).post(PATH, {"email": email})) == ["email"]
        assert api(alice).get(PATH, status="pending").json()["data"] == []


NO_VALUES = [
    ({"role": "owner"}, "role"),
    ({"role": None}, "role"),
    ({"role": ["admin"]}, "role"),
    ({"seats": ["no-such-product"]}, "seats"),
    ({"seats": "mistral-code"}, "seats"),
    ({"seats": [None]}, "seats.0"),
    ({"seats": ["x\u0000"]}, "seats.0"),
    ({"locale": "tlh"}, "locale"),
    ({"message": "x" * 501}, "message"),
    ({"message": "x\u0000"}, "message"),
    ({"expires_in_days": 0}, "expires_in_days"),
    ({"expires_in_days": 31}, "expires_in_days"),
    ({"expires_in_days": 1e300}, "expires_in_days"),
    ({"expires_in_days": "soon"}, "expires_in_days"),
    ({"rolle": "admin"}, "rolle"),
    ({"status": "accepted"}, "status"),
]


def test_what_is_no_value_is_refused_by_name(api, alice):
    for values, field in NO_VALUES:
        assert fields(api(alice).post(PATH, {"email": "ada@example.com"} | values)) == [field]
        assert api(alice).get(PATH, status="pending").json()["data"] == []


def test_resend_and_revoke_take_no_fields(api, alice):
    made = _made(api, alice)
    for action in ("resend", "revoke"):
        assert fields(api(alice).post(f"{PATH}/{made['id']}/{action}", {"force": True})) == ["force"]
    assert api(alice).post(f"{PATH}/{made['id']}/revoke", {}).status_code == 200


def test_the_list_is_narrowed_to_a_customers_own_id(api, alice):
    ids = {}
    for email, external_id in (("ada@example.com", "hr-1"), ("ben@example.com", "hr-2"), ("cleo@example.com", "hr-1")):
        ids[email] = api(alice).post(PATH, {"email": email, "external_id": external_id}).json()["id"]
    found = api(alice).get(PATH, external_id="hr-1").json()["data"]
    assert [one["email"] for one in found] == ["cleo@example.com", "ada@example.com"]


def test_what_changed_since_a_time_is_listed_the_oldest_change_first(api, alice):
    first = api(alice).post(PATH, {"email": "ada@example.com"}).json()
    second = api(alice).post(PATH, {"email": "ben@example.com"}).json()
    changed = api(alice).patch(f"{PATH}/{first['id']}", {"metadata": {"team": "red"}}).json()
    assert (changed["metadata"], changed["updated_at"] > second["updated_at"]) == ({"team": "red"}, True)
    found = api(alice).get(PATH, updated_since=second["updated_at"]).json()["data"]
    assert [one["email"] for one in found] == ["ben@example.com", "ada@example.com"]
    assert api(alice).get(PATH, updated_since="2999-01-01T00:00:00Z").json()["data"] == []


def test_an_offer_whose_address_is_suppressed_says_so_and_is_not_resent(api, alice, acme):
    made = api(alice).post(PATH, {"email": "ada@example.com"}).json()
    assert made["suppressed"] is False
    acme.deliveries.filter(invitation=made["id"]).update(outcome="bounced")
    Invitation.objects.filter(id=made["id"]).update(sent_at="2026-01-01T00:00Z")
    assert api(alice).get(f"{PATH}/{made['id']}").json()["suppressed"] is True
    assert problem(api(alice).post(f"{PATH}/{made['id']}/resend", {})) == (409, "undeliverable")
