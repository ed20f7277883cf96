"""What it costs to see whether a seat is left: two statements at most beside the lock, whatever the size."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from billing_seats.budgets import seat_budgets, seat_counts
from billing_seats.lifecycle.services import deactivate, give, move, reactivate, set_end, take
from billing_seats.subscription.services import resize
from invitations.inviting import invite
from invitations.services import edit, revoke
from members.access import system_actor
from members.acting import acting
from members.clock import database_now
from members.models import Membership
from tests.performance.test_query_counts import count
from workspace_admin.demo import cast, large

FEW, MANY = 1, 1_000


@pytest.fixture
def bob_row(acme, bob):
    return acme.memberships.get(user=bob)


@pytest.fixture
def left(acme):
    """Buy so many seats of Mistral Code that this many are left."""
    return lambda free: resize(system_actor(acme), cast.CODE, free)


def checks(act) -> list[str]:
    """Return an act's statements that read what was bought and what is in use."""
    with CaptureQueriesContext(connection) as captured:
        act()
    reading = [one["sql"] for one in captured if one["sql"].startswith("SELECT")]
    return [sql for sql in reading if '"ends_at"' in sql or '"purchased"' in sql]


@pytest.mark.parametrize(("free", "most"), [(MANY, 1), (FEW, 2)])
def test_whether_a_seat_is_left_is_read_in_two_statements_at_most(acme, left, free, most):
    left(free)
    resize(system_actor(acme), cast.CHAT, 1 + free)
    with acting(system_actor(acme)) as current:
        assert count(lambda: seat_budgets(current.workspace, [cast.CODE, cast.CHAT])) == most


@pytest.mark.parametrize("free", [MANY, FEW])
@pytest.mark.parametrize("name", ["give", "invite", "reactivate"])
def test_giving_holding_and_reactivating_check_once(as_alice, bob_row, left, name, free):
    left(free)
    if name == "reactivate":
        deactivate(as_alice, bob_row.id)
    act = {
        "give": lambda: give(as_alice, bob_row.id, cast.CODE),
        "invite": lambda: invite(as_alice, ["ada@example.com"], products=[cast.CODE]),
        "reactivate": lambda: reactivate(as_alice, bob_row.id, [cast.CODE]),
    }[name]
    # One more finds which products are sold here: it reads the pools too.
    assert len(checks(act)) <= 3


def test_what_is_given_and_taken_is_pinned(as_alice, bob_row, left):
    left(MANY)
    assert count(lambda: give(as_alice, bob_row.id, cast.CODE)) <= 9
    assert count(lambda: take(as_alice, bob_row.id, cast.CODE)) <= 5


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


def test_a_members_seats_are_found_by_the_index_of_their_tenant(as_alice, bob_row, acme, client_for, alice):
    """Seats are indexed by workspace first: asked for by member alone, all seats of the installation are read."""
    soon = database_now() + timedelta(hours=1)
    [answer] = invite(as_alice, ["ada@example.com"], products=[cast.CHAT])
    with CaptureQueriesContext(connection) as captured:
        give(as_alice, bob_row.id, cast.CODE)
        move(as_alice, cast.CODE, bob_row.id, answer.invitation.membership_id)
        edit(as_alice, answer.invitation.id, {"seats": []})
        revoke(as_alice, answer.invitation.id)
        set_end(as_alice, bob_row.id, soon)
        Membership.objects.filter(id=bob_row.id).update(expires_at=Now() - timedelta(hours=1))
        set_end(as_alice, bob_row.id, soon, keep=[cast.CHAT])
        deactivate(as_alice, bob_row.id)
        reactivate(as_alice, bob_row.id)
        client_for(alice).get(f"/w/acme/members/{bob_row.id}/")
    asked = [one["sql"] for one in captured if 'FROM "billing_seats_seat"' in one["sql"]]
    assert len(asked) > 10
    assert [sql for sql in asked if '"workspace_id" = ' not in sql] == []
