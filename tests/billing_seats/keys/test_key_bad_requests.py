"""What no program should send: the same clear refusals as for a session, and never a 500."""

import json

import pytest

from tests.api_clients import fields, problem
from tests.members.rest.test_bad_requests import NO_JSON, NO_PATHS, NO_QUERIES, OTHER_JSON, OTHER_TYPES

pytestmark = pytest.mark.usefixtures("every_workspace")

PATH = "/workspaces/acme/invitations"
URL = f"/api/v1{PATH}"


@pytest.fixture
def program(key_of, as_alice):
    return key_of(as_alice, enforce_csrf_checks=True)


def _send(program, body, content_type="application/json", **headers):
    return program.client.generic("POST", URL, body, content_type, headers=headers)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "one"}], ids=["once", "repeatable"])
def test_broken_bodies_are_said_to_be_that(program, headers):
    for body in NO_JSON:
        answer = _send(program, body, **headers)
        assert problem(answer) == (400, "invalid_request")
        assert "JSON" in answer.json()["detail"]
    for body in OTHER_JSON:
        assert problem(_send(program, body, **headers)) == (400, "invalid_request")
    for content_type in OTHER_TYPES:
        assert problem(_send(program, "email=ada@example.com", content_type, **headers)) == (
            415,
            "unsupported_media_type",
        )
    large = json.dumps({"email": "ada@example.com", "message": "x" * 1_000_001})
    assert problem(_send(program, large, **headers)) == (413, "body_too_large")


def test_wrong_fields_are_named(program):
    wrong = {"email": 10**18, "role": None, "seats": {"a": 1}, "expires_in_days": 10**18, "message": "\x00", "x": 1}
    assert set(fields(program.post(PATH, wrong))) <= {*wrong}
    assert "x" in fields(program.post(PATH, {"email": "ada@example.com", "x": 1}))
    for body in (b'{"email": 1e400}', b'{"email": "a@example.com", "expires_in_days": ' + b"9" * 400 + b"}"):
        assert problem(_send(program, body)) == (400, "invalid_request")


def test_methods_that_a_path_does_not_know_are_refused(program):
    for method in ("DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "BREW"):
        answer = program.client.generic(method, URL)
        assert problem(answer) == (405, "method_not_allowed")
        assert answer["Allow"] == "GET, POST, HEAD"
    assert program.client.head(URL).status_code == 200


@pytest.mark.parametrize("query", NO_QUERIES)
def test_a_query_that_is_no_text_is_refused(program, query):
    assert problem(program.client.get(f"/api/v1/workspaces/acme/members?{query}")) == (400, "invalid_request")


def test_other_paths_are_not_found(program):
    for path in NO_PATHS:
        assert problem(program.get(path)) in {(404, "not_found"), (400, "invalid_request")}


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match", "Idempotency-Key", "Accept", "Accept-Language"])
def test_odd_headers_are_never_our_mistake(program, header, acme, bob):
    member = f"/workspaces/acme/members/{acme.memberships.get(user=bob).id}"
    for value in ("", '"', "W/", "x" * 5000, "\x00", "é", '"a", ,,"', "*, *"):
        assert program.send("PATCH", member, {"role": "member"}, **{header: value}).status_code < 500
        assert program.send("GET", member, None, **{header: value}).status_code < 500
        assert program.send("POST", PATH, {"email": "x"}, **{header: value}).status_code < 500
