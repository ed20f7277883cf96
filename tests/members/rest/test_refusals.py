"""Every refusal that the schema speaks of can happen, and nothing is refused of which it does not speak."""

import json

import pytest
from django.test import Client

from billing_seats.keys.services import create_product_key
from billing_seats.models import Product
from members.access import StaffMember
from tests.api_clients import problem
from tests.members.rest.world import ADA, CALLS, World, codes
from tests.workspace_admin.reference.contract import CODES
from workspace_admin.demo import cast
from workspace_admin.reference import sample_data
from workspace_admin.support.staff import make_staff

pytestmark = pytest.mark.usefixtures("every_workspace")

NEW = {"email": "new@example.com", "seats": [cast.CODE]}
MORE, LATER, OFF = {"seats": [cast.CODE]}, {"expires_at": "2099-01-01T00:00:00Z"}, {"status": "deactivated"}
COMMON = {"idempotency_conflict", "idempotency_in_progress"}
ROWS = [
    ("invite-someone", "already_member", "", {"email": "bob@acme.example"}),
    ("invite-someone", "already_invited", "", {"email": ADA}),
    ("invite-someone", "undeliverable", "bounced revoked", {"email": ADA}),
    ("invite-someone", "seats_exhausted", "none_left", NEW),
    ("invite-someone", "over_assigned", "too_many", NEW),
    ("edit-an-invitation", "invitation_not_pending", "revoked", {"role": "billing"}),
    ("edit-an-invitation", "seats_exhausted", "none_left", MORE),
    ("edit-an-invitation", "over_assigned", "too_many", MORE),
    ("resend-an-invitation", "invitation_not_pending", "revoked", None),
    ("resend-an-invitation", "undeliverable", "bounced", None),
    ("resend-an-invitation", "seats_exhausted", "of_ada seated lapsed none_left", None),
    ("resend-an-invitation", "over_assigned", "of_ada seated lapsed too_many", None),
    ("revoke-an-invitation", "invitation_not_pending", "revoked", None),
    ("change-a-member", "member_invited", "of_ada", OFF),
    ("change-a-member", "last_admin", "of_alice", {"role": "member"}),
    ("change-a-member", "seats_exhausted", "seated lapsed none_left", LATER),
    ("change-a-member", "over_assigned", "seated lapsed too_many", LATER),
    ("remove-a-member", "member_invited", "of_ada", None),
    ("remove-a-member", "last_admin", "of_alice", None),
    ("give-a-seat", "seats_exhausted", "none_left", None),
    ("give-a-seat", "over_assigned", "too_many", None),
]


@pytest.fixture
def world(as_alice):
    return World(as_alice)


def test_every_refusal_of_the_contract_is_documented_and_no_other():
    told = set().union(*(codes(call) for _method, _path, call in CALLS.values()))
    assert told == set(CODES)


def test_every_special_refusal_has_a_row():
    special = {code for code, status in CODES.items() if status == 409} - COMMON
    told = {(name, code) for name, (*_way, call) in CALLS.items() for code in codes(call) & special}
    assert told == {(name, code) for name, code, *_how in ROWS}


@pytest.mark.parametrize(("name", "code", "scene", "body"), ROWS, ids=[f"{row[0]}: {row[1]}" for row in ROWS])
def test_a_call_refuses_what_it_says(name, code, scene, body, world, api, alice):
    for step in scene.split():
        getattr(world, step)()
    method, path, _call = CALLS[name]
    assert problem(api(alice).send(method, world.path(path), body)) == (409, code)


def documented(code):
    """Every call that can be refused with this code, and every other."""
    told = {name for name, (*_way, call) in CALLS.items() if code in codes(call)}
    return sorted(told), sorted({*CALLS} - told)


def ask(client, world, name, *, query="", workspace="acme", raw=None, kind="application/json", example=0, **headers):
    method, path, call = CALLS[name]
    content = call.get("requestBody", {}).get("content", {}).get("application/json", {})
    bodies = [one["value"] for one in content.get("examples", {}).values()]
    body = bodies[example] if bodies else None
    text = json.dumps(body)
    for sample, real in (
        (sample_data.ALICE, world.alice),
        (sample_data.BOB, world.bob),
        (sample_data.OFFER, world.invitation),
    ):
        text = text.replace(sample, str(real.id))
    sent = raw if raw is not None else text if body else ""
    url = f"/api/v1{world.path(path, workspace)}{query}"
    return client.generic(method, url, sent, kind, headers=headers)


def test_who_calls_without_credentials_is_told(world):
    names, others = documented("unauthenticated")
    assert not others
    for name in names:
        assert problem(ask(Client(), world, name)) == (401, "unauthenticated")


def test_a_session_without_its_token_changes_nothing(world, client_for, alice):
    client = client_for(alice, enforce_csrf_checks=True)
    names, others = documented("csrf_failed")
    for name in names:
        assert problem(ask(client, world, name)) == (403, "csrf_failed")
    for name in others:
        assert ask(client, world, name, query=_asked(name)).status_code == 200


def _asked(name):
    return "?email=bob@acme.example" if name == "ask-whether-somebody-may-open-a-product" else ""


def test_who_may_not_is_told(world, person, client_for, bob):
    staff = person("support@example.com")
    make_staff(staff)
    product = Product.objects.get(slug=cast.CODE)
    _key, text = create_product_key(StaffMember(staff, "Ticket 812"), product, name="Chat server")
    names, others = documented("permission_denied")
    assert not others
    for name in names:
        client = client_for(bob) if _asked(name) else Client(headers={"Authorization": f"Bearer {text}"})
        assert problem(ask(client, world, name)) == (403, "permission_denied")


def test_a_plan_without_the_api_is_told(world, client_for, erin):
    names, others = documented("plan_required")
    for name in names:
        assert problem(ask(client_for(erin), world, name, workspace="solo")) == (403, "plan_required")
    for name in others:
        assert ask(client_for(erin), world, name, workspace="solo").status_code == 200


def test_what_is_not_there_is_told(world, client_for, alice):
    names, others = documented("not_found")
    assert others == ["list-workspaces"]
    for name in names:
        assert problem(ask(client_for(alice), world, name, workspace="nowhere")) == (404, "not_found")


def test_what_no_call_reads_is_told(world, client_for, alice):
    names, others = documented("invalid_request")
    assert not others
    for name in names:
        assert problem(ask(client_for(alice), world, name, query="?%00=1")) == (400, "invalid_request")


def test_another_method_is_told(world, client_for, alice):
    names, others = documented("method_not_allowed")
    assert not others
    for name in names:
        answer = client_for(alice).generic("BREW", f"/api/v1{world.path(CALLS[name][1])}")
        assert problem(answer) == (405, "method_not_allowed")


def test_a_key_of_idempotency_used_twice_is_told(world, client_for, alice):
    for name in documented("idempotency_conflict")[0]:
        first = ask(client_for(alice), world, name, **{"Idempotency-Key": name})
        assert first.status_code < 300, first.content
        has_body = "requestBody" in CALLS[name][2]
        changed = {"example": 1} if has_body else {"raw": '{"other": 1}'}
        other = ask(client_for(alice), world, name, **changed, **{"Idempotency-Key": name})
        assert problem(other) == (409, "idempotency_conflict")


def test_what_was_changed_meanwhile_is_told(world, client_for, alice, settings):
    settings.SELF_SERVICE_SEATS = True
    for name in documented("precondition_failed")[0]:
        answer = ask(client_for(alice), world, name, **{"If-Match": '"x"'})
        assert problem(answer) == (412, "precondition_failed")


def test_a_body_that_is_too_large_or_no_json_is_told(world, client_for, alice, settings):
    settings.SELF_SERVICE_SEATS = True
    names, others = documented("body_too_large")
    assert not others
    for name in names:
        assert problem(ask(client_for(alice), world, name, raw="x" * 1_000_001)) == (413, "body_too_large")
    for name in documented("unsupported_media_type")[0]:
        answer = ask(client_for(alice), world, name, raw="x", kind="text/plain")
        assert problem(answer) == (415, "unsupported_media_type")


def test_what_reads_no_body_minds_none(world, client_for, alice):
    for name in documented("unsupported_media_type")[1]:
        assert ask(client_for(alice), world, name, raw="x", kind="text/plain").status_code != 415


def test_a_key_that_calls_too_often_is_told(world, key_of, settings):
    settings.API_CALLS_PER_MINUTE = 0
    program = key_of(world.host)
    names, others = documented("rate_limited")
    assert not others
    for name in names:
        assert problem(ask(program.client, world, name)) == (429, "rate_limited")
