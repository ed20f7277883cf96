"""What the API says of itself is what it does."""

import pytest
from django.test import Client
from drf_spectacular.validation import validate_schema

from invitations.services import invite
from tests.api.conftest import problem

SCHEMA, DOCS = "/api/v1/schema", "/api/v1/docs"


@pytest.fixture(scope="module")
def schema():
    return Client().get(SCHEMA).json()


def test_the_schema_is_valid_openapi_3_1(schema):
    assert schema["openapi"].startswith("3.1")
    validate_schema(schema)


def test_every_call_says_what_a_problem_looks_like(schema):
    for methods in schema["paths"].values():
        for call in methods.values():
            assert any("application/problem+json" in one.get("content", {}) for one in call["responses"].values())


@pytest.mark.parametrize(("path", "shape"), [("members", "MemberShape"), ("invitations", "InvitationShape")])
def test_answers_have_the_fields_of_the_schema(schema, api, alice, as_alice, path, shape):
    invite(as_alice, ["ada@example.com"])
    shapes = schema["components"]["schemas"]
    page = api(alice).get(f"/workspaces/acme/{path}").json()
    assert {*page} == {*shapes[f"{shape}Page"]["properties"]} - {"total"}
    for row in page["data"]:
        assert {*row} == {*shapes[shape]["properties"]}


def test_the_reference_is_readable_without_other_peoples_servers(schema):
    page = Client().get(DOCS)
    text = page.content.decode()
    for path, methods in schema["paths"].items():
        for method, call in methods.items():
            assert method.upper() in text
            assert path in text
            assert call["summary"] in text
    assert 'src="http' not in text
    assert "<script>" not in text


@pytest.mark.parametrize("path", [SCHEMA, DOCS])
def test_nobody_writes_the_schema(path):
    refused = Client(enforce_csrf_checks=True).post(path)
    assert problem(refused) == (405, "method_not_allowed")
    assert refused["Allow"] == "GET, HEAD"
