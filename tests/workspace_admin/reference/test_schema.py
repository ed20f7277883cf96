"""What the API says of itself is what it does."""

import re

import pytest
from django.test import Client
from django.utils.html import escape
from drf_spectacular.drainage import GENERATOR_STATS, reset_generator_stats
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from invitations.inviting import invite
from tests.api_clients import problem
from tests.members.rest.world import CALLS, codes
from tests.truth import wrong
from workspace_admin.reference import examples
from workspace_admin.reference.document import resolved

pytestmark = pytest.mark.usefixtures("every_workspace")

SCHEMA, DOCS = "/api/v1/schema", "/api/v1/docs"


@pytest.fixture(scope="module")
def schema():
    return Client().get(SCHEMA).json()


def test_the_schema_is_valid_openapi_3_1(schema):
    assert schema["openapi"].startswith("3.1")
    validate_schema(schema)


def test_nothing_in_the_schema_is_guessed():
    reset_generator_stats()
    SchemaGenerator().get_schema(public=True)
    said = [str(message) for cache in (GENERATOR_STATS._warn_cache, GENERATOR_STATS._error_cache) for message in cache]
    assert not said


def test_every_call_names_each_status_that_it_can_answer(schema):
    for methods in schema["paths"].values():
        for call in methods.values():
            statuses = set(call["responses"])
            assert statuses >= {"400", "401", "403", "405", "413", "429", "503"}
            assert "default" not in statuses


@pytest.mark.parametrize(
    ("call", "asks"),
    [
        ("list-members", [{"key": ["read"]}, {"session": []}]),
        ("invite-someone", [{"key": ["write"]}, {"session": [], "csrf": []}]),
        ("create-an-api-key", [{"session": [], "csrf": []}]),
        ("ask-whether-somebody-may-open-a-product", [{"key": ["read"]}, {"productKey": []}, {"session": []}]),
    ],
)
def test_every_call_says_with_what_credentials_it_can_be_made(call, asks):
    assert CALLS[call][2]["security"] == asks


def test_every_example_is_as_its_shape_says():
    for _method, _path, call in CALLS.values():
        contents = [call.get("requestBody", {}).get("content", {})]
        contents += [resolved(response).get("content", {}) for response in call["responses"].values()]
        for content in (one for kinds in contents for one in kinds.values()):
            assert content["examples"]
            for example in map(resolved, content["examples"].values()):
                assert not wrong(content["schema"], example["value"])


def test_the_schema_refuses_what_the_api_refuses():
    schema = CALLS["change-many-members"][2]["requestBody"]["content"]["application/json"]["schema"]
    who = {"members": ["019bb18a-75c0-7a00-8000-0000000000a2"]}
    for nothing in ({}, {"remove": False}, {"seats_add": []}, {"remove": False, "seats_add": [], "seats_remove": []}):
        assert wrong(schema, who | {"set": nothing}), nothing
    for something in ({"remove": True}, {"remove": False, "role": "member"}, {"seats_add": ["le-chat-team"]}):
        assert not wrong(schema, who | {"set": something}), something
    assert wrong(schema, who | {"set": {"seats_add": [""]}})
    invitation = CALLS["invite-someone"][2]["requestBody"]["content"]["application/json"]["schema"]
    assert wrong(invitation, {"email": "ada@example.com", "seats": [""]})


def test_every_list_in_the_schema_says_what_it_holds(schema):
    def lists(shape):
        inner = shape.values() if isinstance(shape, dict) else shape if isinstance(shape, list) else ()
        found = [shape] if isinstance(shape, dict) and shape.get("type") == "array" else []
        return found + [one for each in inner for one in lists(each)]

    assert len(lists(schema["components"]["schemas"])) > 20
    assert all("items" in one for one in lists(schema))


def test_the_document_names_the_call_limit_that_is_set(settings):
    settings.API_CALLS_PER_MINUTE = 1_234
    assert "1,234 calls a minute" in SchemaGenerator().get_schema(public=True)["info"]["description"]


def test_no_example_is_left_over_or_gives_away_a_secret(schema):
    with_body = {name for name, (*_way, call) in CALLS.items() if "requestBody" in call}
    assert set(examples.bodies()) == with_body
    assert set(examples.answers()) == {name for name, (method, *_rest) in CALLS.items() if method != "DELETE"}
    text = str(schema)
    assert not re.search(r"[wp]sk_[0-9a-f]{32}_\w", text)
    assert "http:" not in text
    assert "https:" not in text


@pytest.mark.parametrize(("path", "shape"), [("members", "Member"), ("invitations", "Invitation")])
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


def test_the_reference_leads_from_each_call_to_its_errors_and_shows_each_example():
    text = Client().get(DOCS).content.decode()
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(re.findall(r'id="([^"]+)"', text))
    for _method, _path, call in CALLS.values():
        shown = text.partition(f'id="{call["operationId"]}"')[2].partition("</section>")[0]
        assert set(re.findall(r'href="#error-([^"]+)"', shown)) == codes(call)
    for summary in (
        one for shown in (examples.bodies(), examples.answers()) for each in shown.values() for one in each
    ):
        assert escape(summary) in text


@pytest.mark.parametrize("path", [SCHEMA, DOCS])
def test_nobody_writes_the_schema(path):
    refused = Client(enforce_csrf_checks=True).post(path)
    assert problem(refused) == (405, "method_not_allowed")
    assert refused["Allow"] == "GET, HEAD"
