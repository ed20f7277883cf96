"""What it costs to see whether a seat is left: two statements at most beside the lock, whatever the size."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from billing_seats.counts import rooms, seat_counts
from billing_seats.lifecycle import deactivate, reactivate
from billing_seats.models import Product
from billing_seats.purchases import resize
from billing_seats.services import give, take
from invitations.services import invite
from members.access import system_actor
from members.models import Workspace
from tests.performance.test_query_counts import count
from workspace_admin import demo, large

FEW, MANY = 1, 1_000


@pytest.fixture
def bob_row(acme, bob):
    return acme.memberships.get(user=bob)


@pytest.fixture
def left(acme):
    """Buy so many seats of Mistral Code that this many are left."""
    return lambda free: resize(system_actor(acme), demo.CODE, free)


def checks(act) -> list[str]:
    """Answer the statements of an act that read what was bought and what is taken."""
    with CaptureQueriesContext(connection) as captured:
        act()
    reading = [one["sql"] for one in captured if one["sql"].startswith("SELECT")]
    return [sql for sql in reading if '"ends_at"' in sql or '"purchased"' in sql]


@pytest.mark.parametrize(("free", "most"), [(MANY, 1), (FEW, 2)])
def test_whether_a_seat_is_left_is_read_in_two_statements_at_most(acme, left, free, most):
    left(free)
    products = list(Product.objects.filter(slug__in=[demo.CODE, demo.CHAT]))
    resize(system_actor(acme), demo.CHAT, 1 + free)
    with transaction.atomic():
        locked = Workspace.objects.lock(acme.id)
        assert count(lambda: rooms(locked, products)) == most


@pytest.mark.parametrize("free", [MANY, FEW])
@pytest.mark.parametrize("name", ["give", "invite", "reactivate"])
def test_giving_holding_and_reactivating_check_once(as_alice, bob_row, left, name, free):
    left(free)
    if name == "reactivate":
        deactivate(as_alice, bob_row.id)
    act = {
        "give": lambda: give(as_alice, bob_row.id, demo.CODE),
        "invite": lambda: invite(as_alice, ["ada@example.com"], products=[demo.CODE]),
        "reactivate": lambda: reactivate(as_alice, bob_row.id, [demo.CODE]),
    }[name]
    # One more finds which products are sold here: it reads the pools too.
    assert len(checks(act)) <= 3


def test_what_is_given_and_taken_is_pinned(as_alice, bob_row, left):
    left(MANY)
    assert count(lambda: give(as_alice, bob_row.id, demo.CODE)) <= 9
    assert count(lambda: take(as_alice, bob_row.id, demo.CODE)) <= 5


def test_how_seats_stand_is_one_statement(acme):
    assert count(lambda: seat_counts(acme)) == 1


def test_seats_that_end_are_counted_without_their_members(alice):
    workspace = large.make(alice, "large", 3_000)
    with CaptureQueriesContext(connection) as captured:
        seat_counts(workspace)
    [statement] = captured
    assert "members_membership" not in statement["sql"]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement['sql']}")
        assert "seat_ending" in str(cursor.fetchall())
