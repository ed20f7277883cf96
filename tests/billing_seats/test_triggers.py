"""What the database refuses of seats when SQL is typed by hand, in one session and in two at the same moment."""

import pytest
from django.db import DatabaseError, connection, transaction

from billing_seats.models import Product, Seat, SeatPool
from invitations.services import invite
from members.ids import new_id
from members.models import Membership
from tests.sessions import refusal, sessions
from workspace_admin import demo

pytestmark = pytest.mark.django_db(transaction=True)

FULL = "no seat of this product is left"
GIVE = """
    INSERT INTO billing_seats_seat (id, workspace_id, membership_id, product_id)
    VALUES (gen_random_uuid(), %s::uuid, %s::uuid, %s::uuid)
"""
RENEW = "UPDATE members_membership SET expires_at = now() + interval '7 days' WHERE id = %s::uuid"
EXPIRE = "UPDATE members_membership SET expires_at = now() - interval '1 day' WHERE id = %s::uuid"
DEACTIVATE = "UPDATE members_membership SET status = 'deactivated' WHERE id = %s::uuid"


@pytest.fixture
def pool(acme):
    """One seat of Mistral Code is bought, and free."""
    SeatPool.objects.filter(workspace=acme, product__slug=demo.CODE).update(purchased=1)
    return SeatPool.objects.select_related("product").get(workspace=acme, product__slug=demo.CODE)


@pytest.fixture
def invited(as_alice, acme):
    """Make invitees without seats."""

    def make(*names: str) -> list[Membership]:
        invite(as_alice, [f"{name}@example.com" for name in names])
        return [acme.memberships.get(email=f"{name}@example.com") for name in names]

    return make


def seat(member: Membership, pool: SeatPool) -> list[object]:
    return [member.workspace_id, member.id, pool.product_id]


def typed(sql: str, params=()) -> str:
    """Run a statement to the end of its transaction; answer what was refused, or ""."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, params)
    except DatabaseError as error:
        return str(error)
    return ""


def counted(pool: SeatPool) -> int:
    """Answer how many seats the pool says are given, which are as many as there are."""
    pool.refresh_from_db()
    assert pool.assigned == Seat.objects.filter(workspace=pool.workspace_id, product=pool.product_id).count()
    return pool.assigned


# Two sessions at once: the second waits, and then sees what the first one did.


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


def test_a_pool_that_goes_takes_the_seat_inserted_beside_it_along(invited, pool):
    [ada] = invited("ada")
    with sessions() as (one, two):
        one.run("DELETE FROM billing_seats_seatpool WHERE id = %s::uuid", [pool.id])
        waiting = two.later(GIVE, seat(ada, pool))
        assert one.commit() == ""
        assert refusal(waiting) == ""
        assert "seat_pool_of_tenant" in two.commit()
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


# One session.


def test_who_is_live_may_stay_longer_though_more_is_taken_than_bought(invited, pool):
    ada, ben = invited("ada", "ben")
    assert typed(GIVE, seat(ada, pool)) == ""
    SeatPool.objects.filter(id=pool.id).update(purchased=0)
    assert typed(RENEW, [ada.id]) == ""
    assert typed(EXPIRE, [ada.id]) == ""
    assert FULL in typed(RENEW, [ada.id])


def test_more_than_were_bought_are_refused_as_a_whole(invited, pool):
    invited("ada", "ben")
    everyone = """
        INSERT INTO billing_seats_seat (id, workspace_id, membership_id, product_id)
        SELECT gen_random_uuid(), workspace_id, id, %s::uuid FROM members_membership WHERE status = 'invited'
    """
    assert FULL in typed(everyone, [pool.product_id])
    assert counted(pool) == 0


def test_moving_needs_a_seat_that_counted(invited, pool):
    ada, ben, cleo = invited("ada", "ben", "cleo")
    assert typed(GIVE, seat(ada, pool)) == typed(EXPIRE, [ada.id]) == typed(GIVE, seat(ben, pool)) == ""
    move = "DELETE FROM billing_seats_seat WHERE membership_id = %s::uuid"
    with transaction.atomic():
        assert typed(move, [ben.id]) == typed(GIVE, seat(cleo, pool)) == ""
    assert counted(pool) == 2
    with transaction.atomic():
        assert typed(move, [ada.id]) == ""
        assert FULL in typed(GIVE, seat(ben, pool))


@pytest.mark.parametrize("column", ["membership_id", "product_id", "workspace_id"])
def test_a_seat_is_given_and_taken_never_changed(invited, pool, globex, column):
    ada, ben = invited("ada", "ben")
    assert typed(GIVE, seat(ada, pool)) == ""
    chat = Product.objects.get(slug=demo.CHAT)
    value = {"membership_id": ben.id, "product_id": chat.id, "workspace_id": globex.id}[column]
    assert "never changed" in typed(f"UPDATE billing_seats_seat SET {column} = %s::uuid", [value])


def test_a_member_does_not_carry_seats_to_another_tenant(invited, pool, globex):
    [ada] = invited("ada")
    assert typed(GIVE, seat(ada, pool)) == ""
    carry = "UPDATE members_membership SET workspace_id = %s::uuid WHERE id = %s::uuid"
    assert "of_tenant" in typed(carry, [globex.id, ada.id])


def test_a_foreign_seat_is_refused_and_not_counted(globex, dana, pool):
    foreign = globex.memberships.get(user=dana)
    assert "seat_membership_of_tenant" in typed(GIVE, [pool.workspace_id, foreign.id, pool.product_id])
    assert counted(pool) == 0


def test_a_seat_of_what_was_never_bought_is_refused(invited, pool):
    [ada] = invited("ada")
    other = Product.objects.create(slug="other", name="Other")
    assert "seat_pool_of_tenant" in typed(GIVE, [ada.workspace_id, ada.id, other.id])


def test_a_member_with_seats_is_not_deactivated_and_a_deactivated_one_gets_none(acme, bob, pool):
    row = acme.memberships.get(user=bob)
    assert "holds no seat" in typed(DEACTIVATE, [row.id])
    row.seats.all().delete()
    assert typed(DEACTIVATE, [row.id]) == ""
    assert "holds no seat" in typed(GIVE, seat(row, pool))


def test_a_pool_with_seats_is_not_deleted(invited, pool):
    [ada] = invited("ada")
    assert typed(GIVE, seat(ada, pool)) == ""
    assert "seat_pool_of_tenant" in typed("DELETE FROM billing_seats_seatpool WHERE id = %s::uuid", [pool.id])
    assert typed("DELETE FROM billing_seats_seat WHERE membership_id = %s::uuid", [ada.id]) == ""
    assert typed("DELETE FROM billing_seats_seatpool WHERE id = %s::uuid", [pool.id]) == ""


@pytest.mark.parametrize("count", ["0", "assigned + 1"])
def test_the_count_is_not_written_by_hand(acme, count):
    assert "counted, never written" in typed(f"UPDATE billing_seats_seatpool SET assigned = {count}")


def test_a_pool_does_not_begin_with_a_count(acme):
    other = Product.objects.create(slug="other", name="Other")
    begun = """
        INSERT INTO billing_seats_seatpool (id, workspace_id, product_id, purchased, assigned)
        VALUES (%s::uuid, %s::uuid, %s::uuid, 5, 5)
    """
    assert "counted, never written" in typed(begun, [new_id(), acme.id, other.id])


def test_the_count_is_exact_through_bulk_inserts_and_deletes(invited, pool, acme):
    members = invited(*[f"p{n}" for n in range(60)])
    SeatPool.objects.filter(workspace=acme).update(purchased=100)
    chat = SeatPool.objects.get(workspace=acme, product__slug=demo.CHAT)
    before = counted(chat)
    both = [
        Seat(workspace=acme, membership=member, product_id=one.product_id) for member in members for one in (pool, chat)
    ]
    Seat.objects.bulk_create(both)
    assert (counted(pool), counted(chat) - before) == (60, 60)
    twice = [Seat(workspace=acme, membership=member, product_id=pool.product_id) for member in members]
    Seat.objects.bulk_create(twice, ignore_conflicts=True)
    assert counted(pool) == 60
    Seat.objects.filter(membership__in=members[:7]).delete()
    acme.memberships.filter(id__in=[member.id for member in members[7:20]]).delete()
    assert (counted(pool), counted(chat) - before) == (40, 40)
    Seat.objects.filter(product=pool.product_id).delete()
    assert (counted(pool), counted(chat) - before) == (0, 40)


def test_what_is_copied_in_is_counted_and_what_is_rolled_back_is_not(invited, pool, acme):
    members = invited(*[f"p{n}" for n in range(20)])
    SeatPool.objects.filter(id=pool.id).update(purchased=20)
    with connection.cursor() as cursor:
        into = "COPY billing_seats_seat (id, workspace_id, membership_id, product_id) FROM STDIN"
        with cursor.copy(into) as copy:
            for member in members:
                copy.write_row([new_id(), *seat(member, pool)])
    assert counted(pool) == 20
    with transaction.atomic():
        Seat.objects.filter(product=pool.product_id).delete()
        transaction.set_rollback(True)
    assert counted(pool) == 20
    with transaction.atomic():
        with transaction.atomic():
            Seat.objects.filter(membership=members[0]).delete()
            transaction.set_rollback(True)
        Seat.objects.filter(membership=members[1]).delete()
    assert counted(pool) == 19
