"""Every call of the API by every kind of caller: what each opens, from the one table of calls."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from billing_seats.keys.services import create_key, create_product_key, revoke_key
from billing_seats.models import Product
from members.access import PEOPLE_ONLY, StaffMember, actor_for
from members.models import ApiKey
from tests.api_clients import problem
from tests.test_matrix import CALLS, OPEN_CALLS, READ, _self_service, with_ids, workspaces  # noqa: F401 -- fixtures
from workspace_admin.demo import cast
from workspace_admin.reference.views import document
from workspace_admin.support.staff import make_staff

pytestmark = pytest.mark.usefixtures("every_workspace")

EVERY = pytest.mark.parametrize(
    "call", CALLS, ids=lambda call: f"{call[1]} {call[2].rpartition('{slug}')[2] or '/'} {call[0]}"
)


def _ask(text, call, ids):
    _action, method, path, body = call
    raw = with_ids(body, ids) if method != READ else b""
    headers = {"Authorization": f"Bearer {text}"} if text else {}
    return Client(enforce_csrf_checks=True).generic(
        method.upper(), path.format(**ids), raw, "application/json", headers=headers
    )


def _operation(method, path):
    """Return method and path of a row of the table, as in the schema."""
    path = re.sub(r"(?<=/)(le-chat-team|mistral-code)$", "{product}", path.partition("?")[0])
    return method, path.replace("{slug}", "{workspace}")


def test_every_operation_of_the_schema_has_a_row():
    described = {(method, path) for path, methods in document()["paths"].items() for method in methods}
    rows = [call[1:3] for call in CALLS] + OPEN_CALLS
    assert described == {_operation(*row) for row in rows}


OPEN = pytest.mark.parametrize("call", [(None, *call, None) for call in OPEN_CALLS], ids=lambda call: call[2])


@OPEN
def test_what_belongs_to_everyone_is_seen_by_everyone_of_the_workspace(ask, key, call, api, alice, bob, carol):
    program = key("read")[1], key()[1]
    answers = [api(user).get(call[2].removeprefix("/api/v1").format(slug="acme")) for user in (alice, bob, carol)]
    for answer in [*answers, *(ask(text, call) for text in program)]:
        assert answer.status_code == 200
        assert '"slug":"acme"' in answer.content.decode()


@OPEN
def test_nobody_else_sees_that_it_is_there(ask, key, call, api, dana):
    foreign = key(actor=actor_for(dana, "globex"))[1]
    for answer in (api(dana).get(call[2].removeprefix("/api/v1").format(slug="acme")), ask(foreign, call)):
        assert answer.status_code == (404 if "{slug}" in call[2] else 200)
        assert "acme" not in answer.content.decode()


@OPEN
def test_keys_that_do_not_work_and_strangers_see_nothing(ask, key, call):
    expired = key()[1]
    ApiKey.objects.update(expires_at=Now() - timedelta(seconds=1))
    for text in (expired, "", "wsk_unknown"):
        assert problem(ask(text, call)) == (401, "unauthenticated")


@pytest.fixture
def ask(workspaces):  # noqa: F811 -- the fixture imported above
    return lambda text, call, **changes: _ask(text, call, {**vars(workspaces["acme"]), **changes})


@pytest.fixture
def key(workspaces, as_alice):  # noqa: F811 -- as above
    def make(scope="write", actor=as_alice):
        return create_key(actor, name="Nightly sync", scope=scope)

    return make


@EVERY
def test_a_write_key_does_what_an_admin_may(ask, key, call):
    answer = ask(key()[1], call)
    if call[0] in PEOPLE_ONLY:
        assert problem(answer) == (403, "permission_denied")
    else:
        assert answer.status_code < 400, answer.content


@EVERY
def test_a_read_key_looks_and_changes_nothing(ask, key, call):
    answer = ask(key("read")[1], call)
    if call[0].startswith("view_"):
        assert answer.status_code == 200, answer.content
        return
    assert problem(answer) == (403, "permission_denied")
    assert ("Sign in" if call[0] in PEOPLE_ONLY else "scope write") in answer.json()["detail"]


@EVERY
def test_the_key_of_another_workspace_finds_nothing(ask, key, call, dana):
    text = key(actor=actor_for(dana, "globex"))[1]
    assert problem(ask(text, call)) == (404, "not_found")


@EVERY
def test_a_key_does_not_reach_into_another_workspace_by_an_id(ask, key, call, workspaces):  # noqa: F811 -- as above
    if not any(name in f"{call[2]}{call[3]}" for name in ("{member}", "{invitation}")):
        return
    answer = ask(key()[1], call, **{**vars(workspaces["globex"]), "slug": "acme"})
    assert problem(answer) == (404, "not_found")


@pytest.mark.parametrize("stop", ["expired", "revoked", "unknown", "none"])
@EVERY
def test_what_does_not_work_opens_nothing(ask, key, call, stop, as_alice):
    made, text = key()
    if stop == "expired":
        ApiKey.objects.update(expires_at=Now() - timedelta(seconds=1))
    elif stop == "revoked":
        revoke_key(as_alice, made.id)
    text = {"unknown": text[:-4] + "0000", "none": ""}.get(stop, text)
    answer = ask(text, call)
    assert problem(answer) == (401, "unauthenticated")
    assert answer["WWW-Authenticate"].startswith('Bearer realm="api"')


@pytest.mark.parametrize("call", [*CALLS, *((None, *call, None) for call in OPEN_CALLS)])
def test_a_product_key_asks_for_entitlements_only(ask, call, person):
    staff = person("support@example.com")
    make_staff(staff)
    product = Product.objects.get(slug=cast.CHAT)
    answer = ask(create_product_key(StaffMember(staff, "Ticket 812"), product, name="Chat server")[1], call)
    if call[0] == "view_entitlements":
        assert answer.status_code == 200
    else:
        assert problem(answer) == (403, "permission_denied")
