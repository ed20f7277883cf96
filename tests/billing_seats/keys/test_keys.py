"""API keys: who makes them, what they open, and what stops them."""

import json
import logging
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing_seats.keys import credentials, services
from billing_seats.models import Plan, Product, ProductKey, Subscription
from invitations import tokens
from invitations.offers import offer_for
from members.access import actor_for
from members.errors import DomainError, InvalidRequest
from members.models import ApiKey, AuditEvent, Role, Status
from tests.api_clients import fields, problem
from workspace_admin.demo import cast

pytestmark = pytest.mark.usefixtures("every_workspace")

PATH = "/workspaces/acme/api-keys"
MEMBERS = "/workspaces/acme/members"
ADA, GRACE = "ada@example.com", "grace@example.com"


def _bearer(text):
    return Client(headers={"Authorization": text})


def test_an_admin_makes_a_key_that_is_shown_once(api, alice):
    made = api(alice).post(PATH, {"name": " Nightly sync ", "scope": "write", "expires_at": "2099-01-31T12:00:00Z"})
    assert made.status_code == 201, made.content
    body = made.json()
    secret = body.pop("secret")
    assert secret.startswith(f"wsk_{body['id'].replace('-', '')}_")
    assert body["prefix"].rstrip("…") in secret
    assert (body["name"], body["scope"], body["status"]) == ("Nightly sync", "write", "working")
    assert body["created_by"] == {"type": "user", "id": str(alice.id), "name": "Alice Martin"}
    assert (body["expires_at"], body["last_used_at"]) == ("2099-01-31T12:00:00Z", None)
    assert api(alice).get(PATH).json()["data"] == [body]
    assert _bearer(f"Bearer {secret}").get(f"/api/v1{MEMBERS}").status_code == 200


def test_nothing_that_is_kept_opens_anything(api, alice):
    secret = api(alice).post(PATH, {"name": "x"}).json()["secret"]
    key = ApiKey.objects.get()
    assert secret.rpartition("_")[2] not in str(vars(key))
    assert len(bytes(key.digest)) == 32
    assert secret not in str(list(AuditEvent.objects.values()))


def test_only_admins_make_see_and_revoke_keys(api, key_of, as_alice, bob, carol, dana):
    key = key_of(as_alice).key
    for person, status, code in (
        (bob, 403, "permission_denied"),
        (carol, 403, "permission_denied"),
        (dana, 404, "not_found"),
    ):
        caller = api(person)
        for answer in (caller.get(PATH), caller.post(PATH, {"name": "x"}), caller.delete(f"{PATH}/{key.id}")):
            assert problem(answer) == (status, code)
    assert ApiKey.objects.filter(revoked_at=None).count() == 1


def test_a_key_makes_sees_and_revokes_no_keys(key_of, as_alice):
    program = key_of(as_alice)
    calls = (program.get(PATH), program.post(PATH, {"name": "x"}), program.delete(f"{PATH}/{program.key.id}"))
    for answer in calls:
        assert problem(answer) == (403, "permission_denied")
    assert program.get(MEMBERS).status_code == 200


NO_KEYS = [
    ({}, ["name"]),
    ({"name": "  "}, ["name"]),
    ({"name": "x" * 101}, ["name"]),
    ({"name": "a\nb"}, ["name"]),
    ({"name": "a\x00b"}, ["name"]),
    ({"name": "x", "scope": "admin"}, ["scope"]),
    ({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}, ["expires_at"]),
    ({"name": "x", "expires_at": "tomorrow"}, ["expires_at"]),
    ({"name": "x", "expires_at": 10**19}, ["expires_at"]),
    ({"name": "x", "secret": "mine"}, ["secret"]),
]


@pytest.mark.parametrize(("body", "wrong"), NO_KEYS)
def test_what_is_no_key_is_refused_by_name(api, alice, body, wrong):
    assert fields(api(alice).post(PATH, body)) == wrong
    assert not ApiKey.objects.exists()


def test_a_key_reads_by_default(api, alice):
    made = api(alice).post(PATH, {"name": "x"}).json()
    assert (made["scope"], made["expires_at"]) == ("read", None)


def test_a_read_key_changes_nothing(key_of, as_alice, acme):
    program = key_of(as_alice, scope="read")
    assert program.get(MEMBERS).status_code == 200
    refused = program.post("/workspaces/acme/invitations", {"email": ADA})
    assert problem(refused) == (403, "permission_denied")
    assert "scope write" in refused.json()["detail"]
    assert not acme.invitations.filter(email=ADA).exists()


def test_a_key_invites_under_its_own_name(key_of, as_alice):
    program = key_of(as_alice)
    made = program.post("/workspaces/acme/invitations", {"email": ADA})
    assert made.status_code == 201
    assert made.json()["invited_by"] == {"type": "key", "id": str(program.key.id), "name": "Nightly sync"}
    event = AuditEvent.objects.get(action="invitation.created", target_label=ADA)
    assert (event.actor_type, event.actor_id, event.actor_label) == ("key", program.key.id, "Nightly sync")


@pytest.mark.parametrize("named", ["slug", "id"])
def test_a_key_opens_its_own_workspace_and_no_other(key_of, as_alice, acme, globex, named):
    program = key_of(as_alice)
    assert program.get(f"/workspaces/{getattr(acme, named)}/members").status_code == 200
    foreign = program.get(f"/workspaces/{getattr(globex, named)}/members")
    unknown = program.get("/workspaces/nowhere/members")
    assert problem(foreign) == problem(unknown) == (404, "not_found")


def _revoked(key, actor):
    services.revoke_key(actor, key.id)


def _expired(key, _actor):
    ApiKey.objects.filter(id=key.id).update(expires_at=Now() - timedelta(seconds=1))


def _maker(**changes):
    def change(key, _actor):
        key.workspace.memberships.filter(user=key.created_by).update(**changes)

    return change


def _maker_removed(key, _actor):
    key.workspace.memberships.filter(user=key.created_by).delete()


STOPS = {
    "revoked": (_revoked, "revoked"),
    "expired": (_expired, "expired"),
    "its maker demoted": (_maker(role=Role.MEMBER), "no longer an active Admin"),
    "its maker deactivated": (_maker(status=Status.DEACTIVATED), "no longer an active Admin"),
    "its maker removed": (_maker_removed, "no longer an active Admin"),
}


@pytest.mark.parametrize("stop", STOPS)
def test_a_key_stops_at_the_next_call(key_of, as_alice, acme, person, stop):
    cast.join(as_alice, person("second@acme.example"), Role.ADMIN)
    program = key_of(as_alice)
    assert program.get(MEMBERS).status_code == 200
    act, said = STOPS[stop]
    act(program.key, as_alice)
    refused = program.get(MEMBERS)
    assert problem(refused) == (401, "unauthenticated")
    assert said in refused.json()["detail"]
    assert refused["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_token"'
    assert problem(program.post("/workspaces/acme/invitations", {"email": ADA}))[0] == 401
    assert not acme.invitations.filter(email=ADA).exists()


def test_a_key_whose_plan_lost_the_api_says_which_plans_have_it(key_of, as_alice, api, alice, acme):
    program = key_of(as_alice)
    Subscription.objects.filter(workspace=acme).update(plan=Plan.PRO)
    refused = program.get(MEMBERS)
    assert problem(refused) == (403, "plan_required")
    assert (refused.json()["feature"], refused.json()["plans"]) == ("api", ["team", "enterprise"])
    assert problem(api(alice).post(PATH, {"name": "x"})) == (403, "plan_required")
    Subscription.objects.filter(workspace=acme).update(plan=Plan.TEAM)
    assert program.get(MEMBERS).status_code == 200


@pytest.fixture
def second(person, as_alice):
    user = person("second@acme.example", "Second Admin")
    cast.join(as_alice, user, Role.ADMIN)
    return user


def test_another_admin_takes_over_a_stopped_key_with_a_new_secret(key_of, as_alice, acme, second, api):
    program = key_of(as_alice)
    acme.memberships.filter(user=as_alice.id).update(role=Role.MEMBER)
    assert api(second).get(PATH).json()["data"][0]["status"] == "stopped"
    _key, text = services.take_over_key(actor_for(second, "acme"), program.key.id)
    assert _bearer(f"Bearer {text}").get(f"/api/v1{MEMBERS}").status_code == 200
    [row] = api(second).get(PATH).json()["data"]
    assert (row["status"], row["created_by"]["name"]) == ("working", "Second Admin")
    event = AuditEvent.objects.get(action="api_key.taken_over")
    assert event.changes == {"created_by": [str(as_alice.id), str(second.id)], "secret": [None, "new"]}
    assert text.rpartition("_")[2] not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize("end", [_maker(role=Role.MEMBER), _maker_removed, lambda _key, _actor: None])
def test_taking_over_ends_the_old_secret_at_once_and_for_good(key_of, as_alice, acme, second, alice, end):
    program = key_of(as_alice)
    assert program.get(MEMBERS).status_code == 200
    end(program.key, as_alice)
    services.take_over_key(actor_for(second, "acme"), program.key.id)
    assert problem(program.get(MEMBERS)) == (401, "unauthenticated")
    acme.memberships.filter(user=alice).update(role=Role.ADMIN)
    assert problem(program.get(MEMBERS)) == (401, "unauthenticated")


def test_nobody_takes_over_their_own_key(key_of, as_alice):
    program = key_of(as_alice)
    with pytest.raises(InvalidRequest, match="already own"):
        services.take_over_key(as_alice, program.key.id)
    assert program.get(MEMBERS).status_code == 200
    assert not AuditEvent.objects.filter(action="api_key.taken_over").exists()


def test_a_revoked_key_is_taken_over_by_nobody(key_of, as_alice):
    key = key_of(as_alice).key
    services.revoke_key(as_alice, key.id)
    for act in (services.take_over_key, services.revoke_key):
        with pytest.raises(DomainError) as refused:
            act(as_alice, key.id)
        assert refused.value.code == "not_found"


def test_revoking_takes_a_key_off_the_list_and_is_audited(api, key_of, as_alice, alice):
    key = key_of(as_alice).key
    gone = api(alice).delete(f"{PATH}/{key.id}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert api(alice).get(PATH).json()["data"] == []
    assert problem(api(alice).delete(f"{PATH}/{key.id}")) == (404, "not_found")
    events = AuditEvent.objects.filter(target_id=key.id).order_by("occurred_at").values_list("action", "target_type")
    assert list(events) == [("api_key.created", "api_key"), ("api_key.revoked", "api_key")]


@pytest.mark.usefixtures("globex")
def test_a_foreign_key_cannot_be_revoked(api, key_of, as_alice, dana):
    key = key_of(actor_for(dana, "globex")).key
    with pytest.raises(DomainError):
        services.revoke_key(as_alice, key.id)
    assert ApiKey.objects.get().revoked_at is None


def test_what_is_no_key_that_works_is_a_bad_credential(key_of, as_alice, alice, client_for):
    good = key_of(as_alice).text
    kind, name, secret = good.split("_")
    bad = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        good,
        f"Basic {good}",
        f"Token {good}",
        f"Bearer {good} ",
        f"Bearer {good}x",
        f"Bearer {good.upper()}",
        f"Bearer psk_{name}_{secret}",
        f"Bearer {kind}_{name}_{'0' * 64}",
        f"Bearer {kind}_{'0' * 32}_{secret}",
        f"Bearer {kind}_{name}_{secret}\x00",
        f"Bearer {kind}_{name}_{secret}é",
        "Bearer wsk_" + "٣" * 32 + "_" + "a" * 64,
        "Bearer " + "a" * 10_000,
    ]
    for text in bad:
        if text == f"Bearer {good} ":
            continue
        for client in (Client(), client_for(alice)):
            answer = client.get(f"/api/v1{MEMBERS}", headers={"Authorization": text})
            assert problem(answer) == (401, "unauthenticated"), text
            assert answer["WWW-Authenticate"].startswith("Bearer")
            assert secret not in answer.content.decode()
    assert _bearer(f"bearer {good}").get(f"/api/v1{MEMBERS}").status_code == 200


def test_a_key_needs_no_csrf_and_wins_over_a_session(key_of, as_alice, bob, client_for):
    cookies = client_for(bob, enforce_csrf_checks=True)
    text = key_of(as_alice).text
    body, url = json.dumps({"email": ADA}), "/api/v1/workspaces/acme/invitations"
    assert problem(cookies.post(url, body, "application/json")) == (403, "csrf_failed")
    made = cookies.post(url, body, "application/json", headers={"Authorization": f"Bearer {text}"})
    assert made.status_code == 201
    assert made.json()["invited_by"]["type"] == "key"


def test_a_key_is_recognised_with_rights_and_plan_and_counted_in_one_statement(key_of, as_alice):
    program = key_of(as_alice)
    with CaptureQueriesContext(connection) as statements:
        program.get(MEMBERS)
    known = ["members_apikey" in one["sql"] and "members_callcount" in one["sql"] for one in statements]
    assert known == [True, False], [*statements]


def test_the_last_use_is_kept_once_a_minute(key_of, as_alice):
    program = key_of(as_alice)
    assert program.key.last_used_at is None
    program.get(MEMBERS)
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    program.get(MEMBERS)
    assert ApiKey.objects.get().last_used_at == first
    with connection.cursor() as cursor:
        cursor.execute("UPDATE members_callcount SET since = since - interval '61 seconds'")
    program.get(MEMBERS)
    assert ApiKey.objects.get().last_used_at > first


def test_an_offer_of_a_role_by_a_key_that_stopped_waits_for_an_admin(key_of, as_alice, acme, api, alice, person):
    cast.join(as_alice, person("second@acme.example"), Role.ADMIN)
    program = key_of(as_alice)
    for email, role in ((ADA, "admin"), (GRACE, "member")):
        assert program.post("/workspaces/acme/invitations", {"email": email, "role": role}).status_code == 201

    def suspended():
        offers = acme.invitations.filter(email__in=[ADA, GRACE]).order_by("email")
        return [offer_for(tokens.make(invitation)).suspended for invitation in offers]

    assert suspended() == [False, False]
    services.revoke_key(as_alice, program.key.id)
    assert suspended() == [True, False]


def _product_key(slug=cast.CHAT):
    key_id = credentials.uuid.uuid4()
    text, digest = credentials.make("psk", key_id)
    ProductKey.objects.create(id=key_id, product=Product.objects.get(slug=slug), name="Chat", digest=digest)
    return text


def test_a_product_key_opens_nothing_but_entitlements(acme):
    client = _bearer(f"Bearer {_product_key()}")
    for path in (MEMBERS, PATH, "/workspaces/nowhere/members"):
        assert problem(client.get(f"/api/v1{path}")) == (403, "permission_denied")


def test_no_log_holds_a_key(key_of, as_alice, caplog):
    [ours] = [one.formatter for one in logging.getLogger().handlers if "Processor" in type(one.formatter).__name__]
    program = key_of(as_alice)
    program.get(MEMBERS, q=program.text)
    program.client.get(f"/api/v1/{program.text}")
    program.client.get(f"/w/acme/{program.text}/")
    written = "".join(ours.format(record) for record in caplog.records)
    assert "request_finished" in written
    assert program.text.rpartition("_")[2] not in written


def test_lists_of_keys_have_pages(api, as_alice, alice, key_of):
    made = [str(key_of(as_alice).key.id) for _ in range(5)]
    first = api(alice).get(PATH, limit=2).json()
    second = api(alice).get(PATH, limit=2, cursor=first["next_cursor"]).json()
    assert [row["id"] for row in first["data"] + second["data"]] == made[::-1][:4]
