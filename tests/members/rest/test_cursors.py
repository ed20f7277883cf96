"""Cursors: signed, of one list, and good whatever comes and goes between two pages."""

import base64

import orjson
import pytest

from invitations.inviting import invite
from members.models import Membership
from tests.api_clients import fields

pytestmark = pytest.mark.usefixtures("every_workspace")

MEMBERS, INVITATIONS = "/workspaces/acme/members", "/workspaces/acme/invitations"


def _page(caller, path, **query):
    answer = caller.get(path, **query)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.fixture
def caller(api, alice, as_alice):
    invite(as_alice, [f"n{number:02}@example.com" for number in range(10, 90, 10)])
    return api(alice)


def _forged(cursor, change):
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    return base64.urlsafe_b64encode(raw[:16] + orjson.dumps(change(orjson.loads(raw[16:])))).decode().rstrip("=")


def test_a_cursor_that_was_not_signed_here_is_refused(caller):
    cursor = _page(caller, MEMBERS, limit=2)["next_cursor"]
    changes = (
        lambda place: ["p", *place[1:]],
        lambda place: [*place[:2], "zzz", place[3]],
        lambda place: [*place[:3], "0197c000-0000-7000-8000-000000000000"],
    )
    bare = base64.urlsafe_b64encode(orjson.dumps(["n", "name", "a", "0197c000-0000-7000-8000-000000000000"])).decode()
    for forged in (*(_forged(cursor, change) for change in changes), cursor[:-2], f"A{cursor[1:]}", bare.rstrip("=")):
        assert fields(caller.get(MEMBERS, limit=2, cursor=forged)) == ["cursor"]
    assert _page(caller, MEMBERS, limit=2, cursor=cursor)["data"]


def test_a_cursor_of_one_list_is_none_of_another(caller, api, key_of, as_alice, alice):
    for _ in range(3):
        key_of(as_alice)
    cursor = _page(caller, "/workspaces/acme/api-keys", limit=1)["next_cursor"]
    assert fields(caller.get(INVITATIONS, cursor=cursor)) == ["cursor"]


def test_pages_go_on_where_rows_came_and_went(caller, as_alice, acme):
    query = {"sort": "email", "status": "invited", "limit": 3, "q": "n"}
    first = _page(caller, MEMBERS, **query)
    shown = [row["email"] for row in first["data"]]
    rows = Membership.objects.filter(workspace=acme)
    rows.filter(email__in=[shown[0], shown[-1]]).delete()
    invite(as_alice, [f"n{int(shown[-1][1:3]) + 1}@example.com", "n00@example.com"])
    seen, page = [], first
    while page["next_cursor"]:
        page = _page(caller, MEMBERS, **query, cursor=page["next_cursor"])
        seen += [row["email"] for row in page["data"]]
    left = rows.filter(email__startswith="n", email__gt=shown[-1], status="invited").order_by("email")
    assert seen == list(left.values_list("email", flat=True))
    assert f"n{int(shown[-1][1:3]) + 1}@example.com" == seen[0]
    back = _page(caller, MEMBERS, **query, cursor=page["prev_cursor"])
    assert [row["email"] for row in back["data"]][-1] < page["data"][0]["email"]
