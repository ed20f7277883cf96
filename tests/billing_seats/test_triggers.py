"""What the database refuses of seats typed by hand in two sessions: the second waits, and sees what the first did."""

import pytest

from billing_seats.models import Seat, SeatPool
from members.models import Membership
from tests.billing_seats.by_hand import DEACTIVATE, EXPIRE, FULL, GIVE, RENEW, counted, seat, typed
from tests.sessions import refusal, sessions

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("first", ["commits", "rolls back"])
def test_of_two_that_insert_the_last_seat_the_second_waits_and_is_refused(invited, pool, first):
    ada, ben = invited("ada", "ben")
    with sessions() as (one, two):
        one.run(GIVE, seat(ada, pool))
        waiting = two.later(GIVE, seat(ben, pool))
        one.commit() if first == "commits" else one.raw.rollback()
        assert (FULL in refusal(waiting)) == (first == "commits")
        two.commit()
    assert counted(pool) == 1


@pytest.mark.parametrize("first", ["commits", "rolls back"])
def test_renewing_a_lapsed_holder_waits_for_whoever_takes_the_seat(invited, pool, first):
    ada, ben = invited("ada", "ben")
    assert typed(GIVE, seat(ada, pool)) == typed(EXPIRE, [ada.id]) == ""
    with sessions() as (one, two):
        one.run(GIVE, seat(ben, pool))
        waiting = two.later(RENEW, [ada.id])
        one.commit() if first == "commits" else one.raw.rollback()
        assert (FULL in refusal(waiting)) == (first == "commits")


@pytest.mark.parametrize("first", ["commits", "rolls back"])
def test_taking_the_seat_of_a_lapsed_holder_waits_for_whoever_renews_them(invited, pool, first):
    ada, ben = invited("ada", "ben")
    assert typed(GIVE, seat(ada, pool)) == typed(EXPIRE, [ada.id]) == ""
    with sessions() as (one, two):
        one.run(RENEW, [ada.id])
        waiting = two.later(GIVE, seat(ben, pool))
        one.commit() if first == "commits" else one.raw.rollback()
        assert (FULL in refusal(waiting)) == (first == "commits")


@pytest.mark.parametrize("first", ["renewal", "seat"])
def test_a_lapsed_member_is_not_renewed_beside_being_given_a_seat(invited, pool, first):
    ada, ben = invited("ada", "ben")
    assert typed(EXPIRE, [ada.id]) == typed(GIVE, seat(ben, pool)) == ""
    acts = {"renewal": (RENEW, [ada.id]), "seat": (GIVE, seat(ada, pool))}
    with sessions() as (one, two):
        one.run(*acts.pop(first))
        [other] = acts.values()
        waiting = two.later(*other)
        assert one.commit() == ""
        assert FULL in refusal(waiting)


def test_extending_an_end_holds_the_seat_though_the_end_comes_before_the_commit(invited, pool):
    ada, ben = invited("ada", "ben")
    assert typed(GIVE, seat(ada, pool)) == ""
    soon = "UPDATE members_membership SET expires_at = clock_timestamp() + interval '500 ms' WHERE id = %s::uuid"
    assert typed(soon, [ada.id]) == ""
    with sessions() as (one, two):
        one.run(RENEW, [ada.id])
        two.run("SELECT pg_sleep(0.6)")
        waiting = two.later(GIVE, seat(ben, pool))
        assert one.commit() == ""
        assert FULL in refusal(waiting)


def test_an_end_that_came_while_the_extension_waited_is_no_longer_extended(invited, pool):
    ada, ben = invited("ada", "ben")
    assert typed(GIVE, seat(ada, pool)) == ""
    soon = "UPDATE members_membership SET expires_at = clock_timestamp() + interval '800 ms' WHERE id = %s::uuid"
    assert typed(soon, [ada.id]) == ""
    with sessions(3) as (blocker, one, two):
        blocker.run("SELECT FROM members_membership WHERE id = %s::uuid FOR SHARE", [ada.id])
        waiting = one.later(RENEW, [ada.id])
        two.run("SELECT pg_sleep(0.9)")
        two.run(GIVE, seat(ben, pool))
        assert two.commit() == ""
        blocker.commit()
        assert FULL in refusal(waiting)


@pytest.mark.parametrize("first", ["deactivation", "seat"])
def test_a_member_is_not_deactivated_beside_being_given_a_seat(acme, bob, pool, first):
    row = acme.memberships.get(user=bob)
    Seat.objects.filter(membership=row).delete()
    acts = {"deactivation": (DEACTIVATE, [row.id]), "seat": (GIVE, seat(row, pool))}
    with sessions() as (one, two):
        one.run(*acts.pop(first))
        [other] = acts.values()
        waiting = two.later(*other)
        assert one.commit() == ""
        assert "a deactivated member holds no seat" in refusal(waiting)


def test_buying_fewer_and_giving_the_last_seat_see_each_other(invited, pool):
    [ada] = invited("ada")
    with sessions() as (one, two):
        one.run("UPDATE billing_seats_seatpool SET purchased = 0 WHERE id = %s::uuid", [pool.id])
        waiting = two.later(GIVE, seat(ada, pool))
        one.commit()
        assert FULL in refusal(waiting)


def test_of_a_pool_that_goes_no_seat_is_given_beside_it(invited, pool):
    [ada] = invited("ada")
    with sessions() as (one, two):
        one.run("DELETE FROM billing_seats_seatpool WHERE id = %s::uuid", [pool.id])
        waiting = two.later(GIVE, seat(ada, pool))
        assert one.commit() == ""
        assert "no seat of this product was bought" in refusal(waiting)
    assert not ada.seats.exists()


def test_seats_given_and_taken_by_many_sessions_are_counted_to_the_last(acme, invited, pool):
    members = invited(*[f"p{n}" for n in range(12)])
    SeatPool.objects.filter(id=pool.id).update(purchased=100)
    with sessions(12) as opened:
        futures = [
            session.pool.submit(toggled, session, member, pool) for session, member in zip(opened, members, strict=True)
        ]
        assert [future.result(30) for future in futures] == [None] * 12
    assert counted(pool) == 6


def toggled(session, member: Membership, pool: SeatPool) -> None:
    """Give and take the member's seat by turns; every second member keeps it."""
    keeps = int(member.email[1 : member.email.index("@")]) % 2
    for turn in range(21 if keeps else 20):
        take = "DELETE FROM billing_seats_seat WHERE membership_id = %s::uuid"
        session.run(*((take, [member.id]) if turn % 2 else (GIVE, seat(member, pool))))
        assert session.commit() == ""
