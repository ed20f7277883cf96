"""What no client should send: each gets a clear refusal in the contract's words, and never a 500."""

import json

import pytest
from django.db import OperationalError
from django.test import Client, override_settings

from members.errors import Unavailable
from tests.api_clients import fields, problem
from workspace_admin.error_responses import document
from workspace_admin.exception_mapping import Failure, refusal

pytestmark = pytest.mark.usefixtures("every_workspace")

PATH = "/workspaces/acme/invitations"
URL = f"/api/v1{PATH}"


def _send(client, body, content_type="application/json", **headers):
    return client.generic("POST", URL, body, content_type, headers=headers)


def test_a_stranger_is_asked_to_authenticate(stranger):
    for answer in (
        stranger.get(PATH),
        stranger.post(PATH, {"email": "ada@example.com"}),
        stranger.get("/workspaces/x/members"),
    ):
        assert problem(answer) == (401, "unauthenticated")
        assert answer["WWW-Authenticate"]


def test_credentials_that_nothing_can_check_are_bad_ones(client_for, alice):
    client = client_for(alice)
    assert client.get(URL).status_code == 200
    answer = client.get(URL, headers={"Authorization": "Bearer wsk_x_y"})
    assert problem(answer) == (401, "unauthenticated")


def test_a_deactivated_account_is_nobody(client_for, alice):
    client = client_for(alice)
    alice.is_active = False
    alice.save()
    assert problem(client.get(URL)) == (401, "unauthenticated")


def test_a_session_without_its_csrf_token_changes_nothing(client_for, alice):
    client = client_for(alice, enforce_csrf_checks=True)
    body = json.dumps({"email": "ada@example.com"})
    assert problem(_send(client, body)) == (403, "csrf_failed")
    assert client.get(URL, {"status": "pending"}).json()["data"] == []
    client.get("/")
    client.get("/accounts/logout/")
    token = next(cookie.value for name, cookie in client.cookies.items() if "csrf" in name)
    assert _send(client, body, **{"X-CSRFToken": token}).status_code == 201


def test_methods_that_a_path_does_not_know_are_refused(client_for, alice):
    client = client_for(alice)
    for method in ("DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "BREW"):
        answer = client.generic(method, URL)
        assert problem(answer) == (405, "method_not_allowed")
        assert answer["Allow"] == "GET, POST, HEAD"
    assert client.head(URL).status_code == 200


OTHER_TYPES = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", "x", ""]


def test_only_json_is_read(client_for, alice):
    for content_type in OTHER_TYPES:
        assert problem(_send(client_for(alice), "email=ada@example.com", content_type)) == (
            415,
            "unsupported_media_type",
        )


def test_json_is_answered_whatever_was_asked_for(client_for, alice):
    answer = client_for(alice).get(URL, headers={"Accept": "text/html"})
    assert answer["Content-Type"] == "application/json"
    assert client_for(alice).get(URL, {"format": "xml"}).status_code == 400


NO_JSON = [
    b"{",
    b"\xff\xfe{}",
    b'{"email": "\xff@example.com"}',
    b'{"email": "\\ud800@example.com"}',
    b'{"email": NaN}',
    b'{"email": "a@example.com"} x',
    b"[" * 100_000,
    b'{"email":' * 50_000,
    b"\x00",
    b" ",
    '{"email": "ada@example.com"}'.encode("utf-16"),
]


def test_broken_json_is_said_to_be_that(client_for, alice):
    for body in NO_JSON:
        answer = _send(client_for(alice), body)
        assert problem(answer) == (400, "invalid_request")
        assert "JSON" in answer.json()["detail"]


TWICE = [
    (b'{"role":"member","email":"a@example.com","role":"admin"}', "role"),
    (b'{"email":"a@example.com","r\\u006fle":"member","role":"admin"}', "role"),
    (b'{"email":"a@example.com","seats":[{"x":1},{"x":1,"y":[],"x":1}]}', "x"),
    (b'{"email":"a@example.com","message":{"a":{"b":1,"b":1}}}', "b"),
    (b'[{"":1,"":2}]', ""),
]


def test_a_name_that_stands_twice_in_an_object_is_refused(client_for, alice):
    for body, name in TWICE:
        answer = _send(client_for(alice), body)
        assert problem(answer) == (400, "invalid_request")
        assert [error["code"] for error in answer.json()["errors"]] == (["duplicate"] if name else [])
        assert [error["field"] for error in answer.json()["errors"]] == ([name] if name else [])
    in_text = b'{"email":"a@example.com","message":"\\"role\\":1, \\"role\\":1"}'
    assert _send(client_for(alice), in_text).status_code == 201
    assert client_for(alice).get(URL, {"status": "pending"}).json()["data"][0]["email"] == "a@example.com"


def test_a_number_of_many_digits_is_only_a_wrong_value(client_for, alice):
    for number in (b"9" * 5_000, b"1e400", b"-0.1"):
        answer = _send(client_for(alice), b'{"email":"a@example.com","expires_in_days":' + number + b"}")
        assert problem(answer) == (400, "invalid_request")


OTHER_JSON = [b"[]", b"null", b'"x"', b"5", b"true", b"[[[[[[]]]]]]"]


def test_json_of_another_kind_is_refused(client_for, alice):
    for body in OTHER_JSON:
        assert problem(_send(client_for(alice), body)) == (400, "invalid_request")


def test_every_wrong_field_is_named_at_once(api, alice):
    refused = api(alice).post(PATH, {"role": "x", "seats": [[]], "expires_in_days": 99})
    assert sorted(fields(refused)) == ["email", "expires_in_days", "role", "seats.0"]
    assert {error["code"] for error in refused.json()["errors"]} == {
        "required",
        "max_value",
        "invalid_choice",
        "invalid",
    }


def test_more_than_a_megabyte_is_not_read(client_for, alice):
    client = client_for(alice)
    body = json.dumps({"email": "ada@example.com", "message": "x" * 1_000_001})
    assert problem(_send(client, body)) == (413, "body_too_large")
    page = client.post("/w/acme/members/invite/", {"email": "x" * 1_000_001})
    assert page.status_code == 413


NO_QUERIES = ["q=%00", "q=%ff", "%00=1", "status=%80"]


@pytest.mark.parametrize("query", NO_QUERIES)
def test_a_query_that_is_no_text_is_refused(client_for, alice, query):
    client = client_for(alice)
    assert problem(client.get(f"/api/v1/workspaces/acme/members?{query}")) == (400, "invalid_request")
    assert client.get(f"/w/acme/members/?{query}").status_code == 400


NO_PATHS = [
    "/",
    "/workspaces/",
    "/workspaces/acme/members/",
    "/workspaces/ac%00me/members",
    "/workspaces/%ff/members",
    "/workspaces/../members",
    "/workspaces/acme/invitations/not-an-id",
    "/workspaces/acme/invitations/0197c000-0000-7000-8000-000000000000/delete",
    "/workspaces/acme'--/members",
    f"/workspaces/{'a' * 5000}/members",
]


def test_other_paths_are_not_found(client_for, alice):
    for path in NO_PATHS:
        answer = client_for(alice).get(f"/api/v1{path}")
        assert answer.headers.get("Allow", "GET, HEAD") == "GET, HEAD"  # never empty
        status, code = problem(answer)
        assert (status, code) in {(404, "not_found"), (400, "invalid_request")}


def test_answers_are_english_whoever_reads(api, alice):
    alice.language = "fr"
    alice.save()
    refused = api(alice).post(PATH, {"role": "x"})
    assert refused.json()["detail"] == "Something in this request is not valid."
    assert {error["detail"] for error in refused.json()["errors"]} == {
        "This field is required.",
        '"x" is not a valid choice.',
    }


def test_a_busy_database_is_unavailable_and_not_a_mistake():
    assert isinstance(refusal(OperationalError("canceling statement due to lock timeout")), Unavailable)
    assert refusal(ValueError("a mistake of ours")) is None
    assert document(Failure())["status"] == 500


@override_settings(DEBUG=False)
def test_an_unknown_host_gets_a_bare_refusal():
    answer = Client(headers={"Host": "evil.example"}).get("/api/v1/workspaces/acme/members")
    assert answer.status_code == 400
