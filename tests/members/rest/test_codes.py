"""Every code of the contract is reached by a call, with its status and with what it says beside."""

import json
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from billing_seats.subscription.services import resize
from invitations.inviting import invite
from invitations.models import Delivery, Invitation, Outcome
from invitations.services import revoke
from members.access import system_actor
from tests.api_clients import problem
from tests.workspace_admin.reference.contract import CODES
from workspace_admin.demo import cast

pytestmark = pytest.mark.usefixtures("every_workspace")

PATH = "/workspaces/acme/invitations"


class Scene:
    """Acme with Alice at work, who has invited Ada."""

    def __init__(self, alice, actor, acme, erin):
        self.alice, self.actor, self.acme, self.erin = alice, actor, acme, erin
        [answer] = invite(actor, ["ada@example.com"])
        self.ada = answer.invitation
        self.bob = acme.memberships.get(email="bob@acme.example")

    def invite(self, email="new@example.com", **body):
        return self.alice.post(PATH, {"email": email, **body})

    def member(self, member, body):
        return self.alice.patch(f"/workspaces/acme/members/{member}", body)


def _undeliverable(scene):
    revoke(scene.actor, scene.ada.id)
    Delivery.objects.filter(recipient="ada@example.com").update(outcome=Outcome.BOUNCED, outcome_at=timezone.now())
    return scene.invite("ada@example.com")


def _last_seat(scene):
    scene.acme.seat_pools.filter(product__slug=cast.CODE).update(purchased=0)
    return scene.invite(seats=[cast.CODE])


def _over_assigned(scene):
    resize(system_actor(scene.acme), cast.CHAT, 0)
    return scene.invite(seats=[cast.CHAT])


def _not_pending(scene):
    revoke(scene.actor, scene.ada.id)
    return scene.alice.post(f"{PATH}/{scene.ada.id}/revoke")


def _conflict(scene):
    key = {"Idempotency-Key": "one"}
    scene.alice.send("POST", PATH, {"email": "first@example.com"}, **key)
    return scene.alice.send("POST", PATH, {"email": "second@example.com"}, **key)


def _no_csrf(scene):
    client = Client(enforce_csrf_checks=True)
    client.cookies = scene.alice.client.cookies
    return client.post(f"/api/v1{PATH}", b"{}", "application/json")


def _admin(scene):
    return scene.acme.memberships.get(email="alice@acme.example").id


def _other(content_type):
    return lambda scene: scene.alice.client.generic("POST", f"/api/v1{PATH}", b"x", content_type)


def _large(scene):
    body = json.dumps({"email": "a@example.com", "message": "x" * 1_000_001})
    return scene.alice.client.generic("POST", f"/api/v1{PATH}", body, "application/json")


REACHED = {
    "unauthenticated": lambda _scene: Client().get(f"/api/v1{PATH}"),
    "csrf_failed": _no_csrf,
    "plan_required": lambda scene: scene.erin.get("/workspaces/solo/members"),
    "permission_denied": lambda scene: scene.alice.get("/workspaces/globex/members"),
    "not_found": lambda scene: scene.alice.get(f"{PATH}/{uuid.uuid4()}"),
    "invalid_request": lambda scene: scene.invite("nobody"),
    "already_member": lambda scene: scene.invite("bob@acme.example"),
    "already_invited": lambda scene: scene.invite("ADA@example.com"),
    "undeliverable": _undeliverable,
    "seats_exhausted": _last_seat,
    "invitation_not_pending": _not_pending,
    "member_invited": lambda scene: scene.member(scene.ada.membership_id, {"status": "deactivated"}),
    "last_admin": lambda scene: scene.member(_admin(scene), {"role": "member"}),
    "over_assigned": _over_assigned,
    "idempotency_conflict": _conflict,
    "rate_limited": lambda scene: scene.alice.post(f"{PATH}/{scene.ada.id}/resend"),
    "method_not_allowed": lambda scene: scene.alice.delete(PATH),
    "body_too_large": _large,
    "unsupported_media_type": _other("text/plain"),
    "precondition_failed": lambda scene: scene.alice.send(
        "PATCH", f"/workspaces/acme/members/{scene.bob.id}", {"role": "billing"}, **{"If-Match": '"old"'}
    ),
}
BESIDE = {
    "plan_required": {"feature", "plans"},
    "seats_exhausted": {"product", "available"},
    "invalid_request": {"errors"},
}


ELSEWHERE = {"unavailable", "idempotency_in_progress"}
"""Need a second connection: the test below, and test_idempotency_races."""


def test_no_code_of_the_contract_is_left_out():
    assert set(CODES) == set(REACHED) | ELSEWHERE


@pytest.fixture
def scene(api, alice, as_alice, acme, erin):
    return Scene(api(alice), as_alice, acme, api(erin))


@pytest.mark.parametrize("code", REACHED)
def test_a_code_comes_with_its_status_and_with_what_it_names(code, scene):
    answer = REACHED[code](scene)
    assert problem(answer) == (CODES[code], code)
    assert {*answer.json()} >= BESIDE.get(code, set())
    assert ("WWW-Authenticate" in answer.headers) == (code == "unauthenticated")
    if code == "rate_limited":
        assert 1 <= int(answer["Retry-After"]) <= 60
    if code == "invalid_request":
        assert answer.json()["errors"] == [
            {"field": "email", "code": "invalid", "detail": "This is not a valid email address."}
        ]


@pytest.mark.django_db(transaction=True)
def test_a_workspace_that_somebody_holds_is_unavailable_and_says_when_to_come_back(api, alice, acme):
    caller = api(alice)
    caller.get(PATH)
    holder = connection.copy()
    try:
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            cursor.execute("SELECT FROM members_workspace WHERE id = %s FOR UPDATE", [acme.id])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        answer = caller.post(PATH, {"email": "new@example.com"})
    finally:
        holder.rollback()
        holder.close()
        connection.close()
    assert problem(answer) == (503, "unavailable")
    assert int(answer["Retry-After"]) >= 1
    assert not Invitation.objects.filter(email="new@example.com").exists()
