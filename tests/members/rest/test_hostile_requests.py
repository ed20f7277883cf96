"""What was found by attacking a running console: each of these was once answered wrongly, late or not at all."""

import io
import json

import pytest

from members.models import Membership
from members.names import fold
from members.services import update_profile
from tests.api_clients import fields, problem
from workspace_admin.wsgi import with_content_length

pytestmark = pytest.mark.usefixtures("every_workspace")

INVITATIONS = "/workspaces/acme/invitations"
LONG_WHEN_FOLDED = "\u3316"
"""One letter that is folded to six."""


@pytest.fixture
def program(key_of, as_alice):
    return key_of(as_alice, enforce_csrf_checks=True)


def test_text_is_no_number_and_a_number_no_text(program):
    for body in ({"message": 5}, {"expires_in_days": "7"}, {"expires_in_days": True}, {"seats": [5]}):
        refused = program.post(INVITATIONS, {"email": "ada@example.com", **body})
        assert [name.partition(".")[0] for name in fields(refused)] == [*body]
    assert fields(program.post("/workspaces/acme/members/bulk", {"members": [5], "set": {"role": "member"}})) == [
        "members.0"
    ]
    assert fields(program.get("/workspaces/acme/members", limit="\u0663")) == ["limit"]
    assert fields(program.get("/workspaces/acme/members", limit="7.0")) == ["limit"]
    assert program.post(INVITATIONS, {"email": "ada@example.com", "expires_in_days": 7.0}).status_code == 201


@pytest.mark.parametrize("field", ["emails", "seats"])
def test_a_list_that_is_too_long_is_refused_in_one_sentence(program, field):
    body = {"emails": ["ada@example.com"], field: [{}] * 100_000}
    refused = program.post(f"{INVITATIONS}/bulk", body)
    assert fields(refused) == [field]
    assert len(refused.content) < 500


def test_a_refusal_is_short_whatever_was_sent(program):
    refused = program.post(INVITATIONS, {str(number): 1 for number in range(5_000)})
    assert len(fields(refused)) == 100
    for body in ({"email": "ada@example.com", "role": "x" * 500_000}, {"x" * 500_000: 1}):
        assert len(program.post(INVITATIONS, body).content) < 1_000


def test_every_field_of_a_long_list_is_named(program):
    refused = program.post(f"{INVITATIONS}/bulk", {"emails": [{}] * 1_000})
    assert len(fields(refused)) == 1_000


def test_a_query_that_is_not_read_is_refused(program, acme, bob):
    member = f"/workspaces/acme/members/{acme.memberships.get(user=bob).id}"
    assert fields(program.post(f"{INVITATIONS}/bulk?dry_run=true", {"emails": ["ada@example.com"]})) == ["dry_run"]
    assert not acme.invitations.filter(email="ada@example.com").exists()
    for path in ("/workspaces/acme", "/workspaces/acme/subscription", member):
        assert fields(program.get(path, x="1")) == ["x"]
        assert program.send("HEAD", f"{path}?x=1").status_code == 400
    assert fields(program.patch(f"{member}?role=billing", {})) == ["role"]
    assert fields(program.delete(f"{member}?x=1")) == ["x"]


def test_an_address_in_a_query_is_one(program, acme):
    program.post(INVITATIONS, {"email": "ada+one@example.com"})
    found = program.client.get(f"/api/v1{INVITATIONS}?email=ADA%2Bone@example.com").json()["data"]
    assert [row["email"] for row in found] == ["ada+one@example.com"]
    for path in (INVITATIONS, "/workspaces/acme/entitlements/le-chat-team"):
        refused = program.client.get(f"/api/v1{path}?email=ada+one@example.com")
        assert fields(refused) == ["email"]
        assert "%2B" in refused.json()["errors"][0]["detail"]
        assert fields(program.get(path, email="\u0430da@example.com")) == ["email"]


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "OPTIONS"])
def test_the_foot_of_the_api_is_nowhere_too(client, method):
    assert problem(client.generic(method, "/api/v1")) == (404, "not_found")
    assert problem(client.generic(method, "/api/v1/")) == (404, "not_found")


def test_a_word_longer_than_any_that_is_kept_finds_nobody(program, client_for, alice):
    for word in (LONG_WHEN_FOLDED * 200, "\u0500" * 200, "a" * 200):
        assert program.get("/workspaces/acme/members", q=word).json()["data"] == []
        assert client_for(alice).get("/w/acme/members/", {"q": word}).status_code == 200


def test_a_name_that_grows_when_it_is_folded_is_a_name(bob, acme, program):
    update_profile(bob, name=LONG_WHEN_FOLDED * 100, language="en")
    member = Membership.objects.get(workspace=acme, user=bob)
    assert member.sort_name == fold(LONG_WHEN_FOLDED * 100)
    assert len(member.sort_name) == 360
    [found] = program.get("/workspaces/acme/members", q=LONG_WHEN_FOLDED * 100).json()["data"]
    assert found["id"] == str(member.id)


def test_who_may_not_change_is_told_that_and_not_what_changed(key_of, api, as_alice, bob, carol, acme):
    stale = {"If-Match": '"stale"'}
    member = f"/workspaces/acme/members/{acme.memberships.get(user=bob).id}"
    reader = key_of(as_alice, scope="read")
    for path, body in ((member, {"role": "billing"}), ("/workspaces/acme", {"name": "A"})):
        for caller in (reader, api(bob), api(carol)):
            assert problem(caller.send("PATCH", path, body, **stale)) == (403, "permission_denied")
    seats = "/workspaces/acme/seats/le-chat-team"
    for caller in (reader, api(bob)):
        assert problem(caller.send("PATCH", seats, {"purchased": 1}, **stale)) == (403, "permission_denied")


def test_answers_are_one_callers(program, api, alice, stranger):
    for caller in (program, api(alice), stranger):
        answer = caller.get("/workspaces/acme/entitlements/le-chat-team", email="bob@acme.example")
        assert {"Authorization", "Cookie"} <= {name.strip() for name in answer["Vary"].split(",")}


def test_a_body_in_chunks_is_read_like_any_other():
    heard = {}

    def application(environ, _start):
        heard["body"] = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        return []

    sent = json.dumps({"role": "billing"}).encode()
    with_content_length(application)({"wsgi.input": io.BytesIO(sent), "HTTP_TRANSFER_ENCODING": "chunked"}, None)
    assert heard["body"] == sent
    with_content_length(application)({"wsgi.input": io.BytesIO(sent), "CONTENT_LENGTH": "3"}, None)
    assert heard["body"] == sent[:3]
    with_content_length(application)(
        {"wsgi.input": io.BytesIO(b"x" * 20_000_000), "HTTP_TRANSFER_ENCODING": "chunked"}, None
    )
    assert len(heard["body"]) == 10_000_001
