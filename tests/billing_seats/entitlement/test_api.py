"""Does this person hold a seat? The question that products ask all day."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing_seats.keys.services import create_product_key
from billing_seats.models import Product, Subscription
from invitations.inviting import invite
from invitations.services import revoke
from members.access import StaffMember
from tests.api_clients import Caller, fields, problem
from workspace_admin.demo import cast
from workspace_admin.support.staff import make_staff

pytestmark = pytest.mark.usefixtures("every_workspace")

PATH = f"/workspaces/acme/entitlements/{cast.CHAT}"
BOB = "bob@acme.example"


@pytest.fixture
def chat(person):
    """The program of le Chat Team, with a key that support made."""
    root = person("superuser@example.com", is_staff=True, is_superuser=True)
    product = Product.objects.get(slug=cast.CHAT)
    _key, text = create_product_key(StaffMember(root, "Launch"), product, name="Production")
    return Caller(Client(headers={"Authorization": f"Bearer {text}"}))


def reason(caller, path=PATH, **who):
    answer = caller.get(path, **who)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert {*body} == {"entitled", "reason"}
    assert body["entitled"] is (body["reason"] == "seat")
    return body["reason"]


def test_every_reason(chat, key_of, as_alice, api, alice, bob, carol, acme, person):
    invite(as_alice, ["ada@example.com", "old@example.com"], products=[cast.CHAT])
    acme.memberships.filter(email="old@example.com").update(expires_at=Now() - timedelta(seconds=1))
    cast.join(as_alice, person("guest@example.com"), "member", (cast.CHAT,))
    acme.memberships.filter(email="guest@example.com").update(expires_at=Now() - timedelta(seconds=1))
    cast.join(as_alice, person("gone@example.com"), "member")
    acme.memberships.filter(email="gone@example.com").update(status="deactivated")
    for caller in (chat, key_of(as_alice, scope="read"), api(alice)):
        assert reason(caller, email=BOB) == reason(caller, user=bob.id) == "seat"
        assert reason(caller, email="Carol@ACME.example") == reason(caller, user=carol.id) == "no_seat"
        assert reason(caller, email="nobody@example.com") == reason(caller, user=uuid.uuid4()) == "not_a_member"
        assert reason(caller, email="ada@example.com") == "invited"
        assert reason(caller, email="old@example.com") == reason(caller, email="guest@example.com") == "expired"
        assert reason(caller, email="gone@example.com") == "deactivated"


def test_a_plan_without_seats_says_so_to_a_product_and_is_refused_to_others(chat, key_of, as_alice, api, alice, acme):
    others = [key_of(as_alice), api(alice)]
    Subscription.objects.filter(workspace=acme).update(plan="pro")
    assert reason(chat, email=BOB) == "plan"
    for caller in others:
        assert problem(caller.get(PATH, email=BOB)) == (403, "plan_required")


def test_an_answer_is_true_at_once(chat, acme, as_alice):
    assert reason(chat, email=BOB) == "seat"
    acme.memberships.filter(email=BOB).update(expires_at=Now() - timedelta(seconds=1))
    assert reason(chat, email=BOB) == "expired"
    [answer] = invite(as_alice, ["ada@example.com"])
    assert reason(chat, email="ada@example.com") == "invited"
    revoke(as_alice, answer.invitation.id)
    assert reason(chat, email="ada@example.com") == "not_a_member"


def test_a_product_asks_in_any_workspace_about_itself_only(chat, acme, globex):
    assert reason(chat, f"/workspaces/{acme.id}/entitlements/{cast.CHAT}", email=BOB) == "seat"
    assert reason(chat, f"/workspaces/globex/entitlements/{cast.CHAT}", email=BOB) == "not_a_member"
    for path in (
        f"/workspaces/acme/entitlements/{cast.CODE}",
        "/workspaces/acme/entitlements/nothing",
        f"/workspaces/nowhere/entitlements/{cast.CHAT}",
        f"/workspaces/{uuid.uuid4()}/entitlements/{cast.CHAT}",
    ):
        assert problem(chat.get(path, email=BOB)) == (404, "not_found")
    for path in ("/workspaces", "/workspaces/acme", "/workspaces/acme/members"):
        assert problem(chat.get(path)) == (403, "permission_denied")


def test_a_workspace_key_asks_in_its_own_workspace_about_every_product(key_of, as_alice):
    key = key_of(as_alice, scope="read")
    assert reason(key, f"/workspaces/acme/entitlements/{cast.CODE}", email=BOB) == "no_seat"
    for path in ("/workspaces/acme/entitlements/nothing", f"/workspaces/globex/entitlements/{cast.CHAT}"):
        assert problem(key.get(path, email=BOB)) == (404, "not_found")


def test_of_people_only_admins_ask(api, bob, carol, dana, stranger):
    for who in (bob, carol):
        assert problem(api(who).get(PATH, email=BOB)) == (403, "permission_denied")
    assert problem(api(dana).get(PATH, email=BOB)) == (404, "not_found")
    assert problem(stranger.get(PATH, email=BOB)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("who", "field"),
    [
        ({}, "email"),
        ({"email": BOB, "user": uuid.uuid4()}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": ""}, "email"),
        ({"email": "x" * 5000}, "email"),
        ({"email": "b\u043eb@acme.example"}, "email"),
        ({"user": "bob"}, "user"),
        ({"name": "bob"}, "name"),
    ],
)
def test_one_person_is_asked_about(chat, who, field):
    assert fields(chat.get(PATH, **who)) == [field]


def test_the_answer_may_be_kept_as_long_as_support_says(chat):
    answer = chat.get(PATH, email=BOB)
    assert answer["Cache-Control"] == "private, max-age=60"
    Product.objects.filter(slug=cast.CHAT).update(entitlement_max_age=300)
    answer = chat.get(PATH, email=BOB)
    assert answer["Cache-Control"] == "private, max-age=300"
    same = chat.client.get(f"/api/v1{PATH}", {"email": BOB}, headers={"If-None-Match": answer["ETag"]})
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", answer["ETag"])
    assert same["Cache-Control"] == "private, max-age=300"


def test_it_costs_one_statement_beside_knowing_the_caller(chat, key_of, as_alice):
    for caller in (chat, key_of(as_alice)):
        caller.get(PATH, email=BOB)
        with CaptureQueriesContext(connection) as statements:
            caller.get(PATH, email=BOB)
        about_people = [one["sql"] for one in statements if "members_membership m" in one["sql"]]
        assert len(about_people) == 1
        assert len(statements) <= 3, [one["sql"][:80] for one in statements]


def test_support_sets_how_long_answers_hold(client_for, person):
    sam = person("support@example.com")
    make_staff(sam)
    product = Product.objects.get(slug=cast.CHAT)
    page = reverse("admin:billing_seats_product_change", args=[product.pk])
    values = {"name": product.name, "description": "", "url": "", "reason": "Ticket 812"}
    for seconds, kept in (("15", 15), ("86401", 15), ("-1", 15)):
        client_for(sam).post(page, {**values, "entitlement_max_age": seconds})
        product.refresh_from_db()
        assert product.entitlement_max_age == kept
