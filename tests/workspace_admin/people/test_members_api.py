"""The members list over the REST API: filters, sorts, pages and what they cost."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from invitations.inviting import invite
from members.models import Membership, Role, Status
from tests.api_clients import fields, problem

pytestmark = pytest.mark.usefixtures("every_workspace")

PATH = "/workspaces/acme/members"


def _emails(response):
    assert response.status_code == 200, response.content
    return [row["email"] for row in response.json()["data"]]


@pytest.fixture
def crowd(person, acme):
    """Eleven more, some of one name, some never seen."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(11):
        user = person(f"n{number:02}@example.com", f"Person {number // 3}")
        Membership.objects.create(
            workspace=acme,
            user=user,
            email=user.email,
            name=user.name,
            role=Role.MEMBER,
            status=Status.ACTIVE,
            joined_at=start + timedelta(days=number // 2),
            last_active_at=None if number % 3 else start + timedelta(hours=number),
        )


def test_members_are_shown_whole(api, alice, as_alice, bob):
    [answer] = invite(as_alice, ["ada@example.com"], products=["mistral-code"])
    rows = {row["email"]: row for row in api(alice).get(PATH).json()["data"]}
    ada, bobs = rows["ada@example.com"], rows[bob.email]
    assert bobs["user"] == str(bob.id)
    assert (bobs["name"], bobs["role"], bobs["status"]) == ("Bob Keller", "member", "active")
    assert (bobs["seats"], bobs["invitation"], bobs["expires_at"]) == (["le-chat-team"], None, None)
    assert bobs["joined_at"].endswith("Z")
    assert (ada["user"], ada["status"], ada["seats"]) == (None, "invited", ["mistral-code"])
    assert ada["invitation"] == str(answer.invitation.id)


def test_billing_sees_members_and_a_member_does_not(api, carol, bob):
    assert len(_emails(api(carol).get(PATH))) == 3
    refused = api(bob).get(PATH)
    assert problem(refused) == (403, "permission_denied")
    assert "Billing" in refused.json()["detail"]


def test_foreign_and_unknown_workspaces_look_alike(api, dana, acme):
    answers = [api(dana).get(path) for path in (PATH, f"/workspaces/{acme.id}/members", "/workspaces/nowhere/members")]
    assert {problem(answer) for answer in answers} == {(404, "not_found")}


def test_a_removed_person_is_out_at_the_next_request(api, carol, acme):
    caller = api(carol)
    assert caller.get(PATH).status_code == 200
    acme.memberships.filter(user=carol).delete()
    assert problem(caller.get(PATH)) == (404, "not_found")


def test_filters_narrow_the_list(api, alice, as_alice, acme, bob, carol, person):
    invite(as_alice, ["ada@example.com", "old@example.com"], role=Role.BILLING)
    acme.memberships.filter(email="old@example.com").update(expires_at=Now() - timedelta(days=1))
    for email, values in {
        "guest@example.com": {"status": Status.ACTIVE, "expires_at": Now() - timedelta(days=1)},
        "gone@example.com": {"status": Status.DEACTIVATED},
    }.items():
        user = person(email)
        Membership.objects.create(workspace=acme, user=user, email=email, name="X", role=Role.MEMBER, **values)

    def found(**query):
        return set(_emails(api(alice).get(PATH, **query)))

    assert found(status="invited") == {"ada@example.com"}
    assert found(status="expired") == {"old@example.com"}
    assert found(status="active") == {alice.email, bob.email, carol.email}
    assert found(status="lapsed") == {"guest@example.com"}
    assert found(status="deactivated") == {"gone@example.com"}
    assert found(role="billing") == {carol.email, "ada@example.com", "old@example.com"}
    assert found(product="le-chat-team") == {bob.email}
    assert found(product="no-such-product") == set()
    assert found(q="kel") == {bob.email}
    assert found(q="KEL bo", role="member") == {bob.email}
    assert found(q="eller") == set()
    assert found(q="'; drop table --") == set()


@pytest.mark.parametrize("sort", ["name", "email", "joined_at", "last_active_at"])
@pytest.mark.usefixtures("crowd")
def test_pages_in_either_direction_show_everyone_once(api, alice, sort):
    caller = api(alice)
    whole = _emails(caller.get(PATH, sort=sort))
    assert len(whole) == 14
    assert _emails(caller.get(PATH, sort=f"-{sort}")) == whole[::-1]
    seen, page = [], caller.get(PATH, sort=sort, limit=4).json()
    assert page["prev_cursor"] is None
    while True:
        seen += [row["email"] for row in page["data"]]
        if page["next_cursor"] is None:
            break
        page = caller.get(PATH, sort=sort, limit=4, cursor=page["next_cursor"]).json()
    assert seen == whole
    back = [row["email"] for row in page["data"]]
    while page["prev_cursor"]:
        page = caller.get(PATH, sort=sort, limit=4, cursor=page["prev_cursor"]).json()
        back = [row["email"] for row in page["data"]] + back
    assert back == whole


@pytest.mark.usefixtures("crowd")
def test_a_total_is_given_when_asked_for(api, alice):
    assert "total" not in api(alice).get(PATH).json()
    answer = api(alice).get(PATH, include="total", limit=1, q="person").json()
    assert (len(answer["data"]), answer["total"]) == (1, 11)


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("path", [PATH, "/workspaces/acme/invitations"])
def test_a_list_costs_six_statements_however_long(api, alice, as_alice, path):
    caller = api(alice)
    invite(as_alice, [f"x{number}@example.com" for number in range(9)], products=["le-chat-team"])
    caller.get(path)  # the first request of a session also notes its browser
    for limit in (1, 100):
        with CaptureQueriesContext(connection) as statements:
            caller.get(path, limit=limit)
        assert len(statements) <= 6, [statement["sql"][:100] for statement in statements]


NO_QUERIES = [
    ({"limit": 0}, "limit"),
    ({"limit": 101}, "limit"),
    ({"limit": "many"}, "limit"),
    ({"limit": ""}, "limit"),
    ({"limit": "9" * 400}, "limit"),
    ({"sort": "salary"}, "sort"),
    ({"status": "pending"}, "status"),
    ({"role": "owner"}, "role"),
    ({"include": "secrets"}, "include"),
    ({"page": 2}, "page"),
    ({"role": ["admin", "member"]}, "role"),
    ({"cursor": "nonsense"}, "cursor"),
    ({"cursor": "é"}, "cursor"),
    ({"cursor": "W10"}, "cursor"),
    ({"cursor": "WyJuIiwibmFtZSIsMSwyXQ"}, "cursor"),
    ({"q": "x" * 201}, "q"),
]


def test_what_is_no_query_is_refused_by_name(api, alice):
    for query, field in NO_QUERIES:
        assert fields(api(alice).get(PATH, **query)) == [field]


@pytest.mark.usefixtures("crowd")
def test_a_cursor_is_good_in_its_own_order_only(api, alice):
    cursor = api(alice).get(PATH, limit=1).json()["next_cursor"]
    assert fields(api(alice).get(PATH, sort="-name", cursor=cursor)) == ["cursor"]
    assert fields(api(alice).get("/workspaces/acme/invitations", cursor=cursor)) == ["cursor"]
