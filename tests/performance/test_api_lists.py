"""What the API's lists and entitlement checks cost with a key: so many statements, all read along an index."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing_seats.keys.services import create_product_key
from billing_seats.models import Product
from invitations.inviting import invite
from members.access import StaffMember, actor_for
from members.clock import database_now
from members.models import AuditEvent, Membership, User
from members.status import MEMBER_STATUSES
from tests.api_clients import Caller
from workspace_admin.demo import cast, large
from workspace_admin.people.queries import ORDERS

AUTHENTICATION = 1
MEMBERS, INVITATIONS, EVENTS = (f"/workspaces/acme/{name}" for name in ("members", "invitations", "audit-events"))
ENTITLEMENT = f"/workspaces/acme/entitlements/{cast.CHAT}"


def asked(program, path, **query):
    """Return a call's statements and its response."""
    with CaptureQueriesContext(connection) as captured:
        answer = program.get(path, **query)
    assert answer.status_code == 200, answer.content
    return [one["sql"] for one in captured], answer.json()


@pytest.mark.parametrize("who", [{"email": "bob@acme.example"}, {"email": "nobody@acme.example"}])
def test_an_entitlement_check_with_a_key_is_two_statements_from_its_first_call_on(key_of, as_alice, who):
    program = key_of(as_alice)
    for _call in range(3):
        statements, _answer = asked(program, ENTITLEMENT, **who)
        assert len(statements) == AUTHENTICATION + 1, statements


def test_and_with_the_key_of_a_product(acme):
    boss = StaffMember(User.objects.create_superuser("boss@example.com"), "to ask")
    _key, text = create_product_key(boss, Product.objects.get(slug=cast.CHAT), name="Chat")
    program = Caller(Client(headers={"Authorization": f"Bearer {text}"}))
    for workspace in (acme.slug, acme.id):
        path = f"/workspaces/{workspace}/entitlements/{cast.CHAT}"
        statements, answer = asked(program, path, email="bob@acme.example")
        assert len(statements) == AUTHENTICATION + 1, statements
        assert answer["reason"] in {"seat", "no_seat"}


@pytest.mark.parametrize(
    ("path", "query", "most"),
    [
        *((MEMBERS, {"sort": sort}, 2) for sort in ORDERS),
        *((MEMBERS, {"status": status}, 2) for status in MEMBER_STATUSES),
        (MEMBERS, {"role": "member", "product": cast.CHAT}, 3),
        (MEMBERS, {"q": "person", "sort": "-joined_at"}, 3),
        (MEMBERS, {"email": "bob@acme.example"}, 2),
        (MEMBERS, {"external_id": "hr-1", "sort": "-email"}, 2),
        (MEMBERS, {"updated_since": "2020-01-01T00:00:00Z", "sort": "-joined_at"}, 3),
        (INVITATIONS, {"external_id": "hr-1"}, 3),
        (INVITATIONS, {"updated_since": "2020-01-01T00:00:00Z"}, 3),
        (INVITATIONS, {}, 3),
        (INVITATIONS, {"status": "pending"}, 3),
        (EVENTS, {}, 2),
        (EVENTS, {"action": "invitation.created"}, 2),
    ],
)
def test_any_page_of_a_list_is_at_most_three_statements(as_alice, key_of, path, query, most):
    invite(as_alice, [f"person{n}@example.com" for n in range(8)], products=[])
    program = key_of(as_alice)
    cursor, pages = "", 0
    while cursor is not None and pages < 4:
        statements, page = asked(program, path, limit=2, cursor=cursor, **query)
        assert len(statements) <= most, statements
        cursor, pages = page["next_cursor"], pages + 1


@pytest.fixture
def crowd(alice, key_of):
    """Return a client in a workspace of several thousand members, where sorting or reading all of them would show."""
    workspace = large.make(alice, "large", 3_000)
    AuditEvent.objects.bulk_create(
        AuditEvent(workspace_id=workspace.id, action="member.left", actor_type="system", target_type="membership")
        for _ in range(3_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE members_auditevent")
    return key_of(actor_for(alice, "large"))


def plan(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {sql}")
        return "\n".join(row[0] for row in cursor.fetchall())


def most_rows(told: str) -> float:
    """Return the most rows that any step read or discarded."""
    read = [float(rows) * int(loops) for rows, loops in re.findall(r"actual rows=([\d.]+) loops=(\d+)", told)]
    thrown = [float(rows) for rows in re.findall(r"Rows Removed by \w+(?: \w+)*: (\d+)", told)]
    return max(read + thrown)


def pages(program, path, **query):
    """Return the plan of each statement of the first pages, as text."""
    cursor = ""
    for _page in range(3):
        statements, page = asked(program, path, limit=20, cursor=cursor, **query)
        yield from (plan(sql) for sql in statements[AUTHENTICATION:])
        cursor = page["next_cursor"]
        if cursor is None:
            return


@pytest.mark.parametrize("narrowed", [{}, {"status": "active"}, {"status": "invited"}, {"status": "deactivated"}])
def test_the_members_list_never_reads_or_sorts_the_workspace(crowd, narrowed):
    # By role or end, those of one status are looked for nearby and then among themselves, as the rare ones below.
    for sort in (sort for sort in ORDERS if not (narrowed and sort.endswith(("role", "expires_at")))):
        for told in pages(crowd, "/workspaces/large/members", sort=sort, **narrowed):
            assert "Seq Scan on members_membership" not in told, told
            assert most_rows(told) < 500, told


def test_nor_by_role(crowd):
    for role in ("admin", "billing", "member"):
        for told in pages(crowd, "/workspaces/large/members", role=role):
            assert most_rows(told) < 500, told


@pytest.mark.parametrize("sort", ["name", "-joined_at"])
@pytest.mark.parametrize(("q", "statements"), [("nobodyhasthis", 2), ("member002999", 2), ("amber", 1), ("member", 1)])
def test_words_are_looked_for_nearby_and_looked_up_only_where_few_have_them(crowd, q, sort, statements):
    made, page = asked(crowd, "/workspaces/large/members", q=q, sort=sort, limit=20)
    assert len(made) == AUTHENTICATION + statements
    assert len(page["data"]) == {"nobodyhasthis": 0, "member002999": 1}.get(q, 20)


@pytest.mark.parametrize("sort", ["name", "-joined_at"])
def test_who_is_named_or_just_changed_is_found_without_reading_the_others(crowd, sort):
    everyone = Membership.objects.filter(workspace__slug="large")
    [last] = everyone.order_by("-sort_name").values_list("id", flat=True)[:1]
    everyone.filter(id=last).update(external_id="hr-7")
    everyone.filter(id=last).update(updated_at=Now() + timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE members_membership")
    since = (database_now() + timedelta(hours=1)).isoformat()
    email = everyone.get(id=last).email.upper()
    for query in ({"email": email}, {"external_id": "hr-7"}, {"updated_since": since}):
        statements, page = asked(crowd, "/workspaces/large/members", sort=sort, **query)
        assert [one["id"] for one in page["data"]] == [str(last)]
        assert most_rows(plan(statements[-1])) < 50, statements[-1]


@pytest.mark.parametrize("name", ["audit-events", "invitations"])
def test_other_lists_never_read_or_sort_the_workspace_either(crowd, name):
    for told in pages(crowd, f"/workspaces/large/{name}"):
        assert most_rows(told) < 500, told
