"""What the database refuses of seats typed by hand, and that it counts exactly whatever is done at once."""

import pytest
from django.db import connection, transaction

from billing_seats.models import Product, Seat, SeatPool
from members.ids import new_id
from tests.billing_seats.by_hand import DEACTIVATE, EXPIRE, FULL, GIVE, RENEW, counted, seat, typed, typed_together
from workspace_admin.demo import cast

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_is_live_may_stay_longer_though_more_is_taken_than_bought(invited, pool):
    [ada] = invited("ada")
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
    chat = Product.objects.get(slug=cast.CHAT)
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
    assert "no seat of this product was bought" in typed(GIVE, [ada.workspace_id, ada.id, other.id])


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


ANEW = """
    INSERT INTO billing_seats_seatpool (id, workspace_id, product_id, purchased, assigned)
    VALUES (gen_random_uuid(), %s::uuid, %s::uuid, 5, 0)
"""


def test_a_pool_is_not_put_anew_under_its_seats(invited, pool):
    """The key from seat to pool is looked at in the end only, and would be content."""
    [ada] = invited("ada")
    assert typed(GIVE, seat(ada, pool)) == ""
    gone = ("DELETE FROM billing_seats_seatpool WHERE id = %s::uuid", [pool.id])
    assert "before its seats" in typed_together(gone, (ANEW, [pool.workspace_id, pool.product_id]))
    assert counted(pool) == 1


def test_a_pool_does_not_come_after_its_seats(invited, pool):
    [ada] = invited("ada")
    other = Product.objects.create(slug="other", name="Other")
    given = (GIVE, [ada.workspace_id, ada.id, other.id])
    assert "was bought" in typed_together(given, (ANEW, [ada.workspace_id, other.id]))


def test_a_pool_does_not_change_places_with_another(invited, pool):
    [ada] = invited("ada")
    assert typed(GIVE, seat(ada, pool)) == ""
    other = Product.objects.create(slug="other", name="Other")
    assert typed(ANEW, [pool.workspace_id, other.id]) == ""
    moved = "UPDATE billing_seats_seatpool SET product_id = %s::uuid WHERE product_id = %s::uuid"
    spare = Product.objects.create(slug="spare", name="Spare")
    for to, of in ((spare.id, pool.product_id), (pool.product_id, other.id)):
        assert "stays with its workspace and product" in typed(moved, [to, of])
    assert counted(pool) == 1


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
    chat = SeatPool.objects.get(workspace=acme, product__slug=cast.CHAT)
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


def test_a_seat_ends_with_its_member(invited, pool, person):
    [ada] = invited("ada")
    assert typed(GIVE, seat(ada, pool)) == ""

    def alike() -> bool:
        given = Seat.objects.select_related("membership").get(membership=ada)
        row = given.membership
        return (given.ends_at, given.held) == (row.expires_at, row.status == "invited")

    assert alike()
    user = person("ada@example.com")
    for sql in (
        EXPIRE,
        RENEW,
        f"UPDATE members_membership SET status = 'active', user_id = '{user.id}' WHERE id = %s::uuid",
        "UPDATE members_membership SET expires_at = NULL WHERE id = %s::uuid",
        "UPDATE members_membership SET expires_at = now() + interval '1 hour' WHERE id = %s::uuid",
    ):
        assert typed(sql, [ada.id]) == ""
        assert alike()


@pytest.mark.parametrize("change", ["ends_at = NULL", "ends_at = now() - interval '1 day'", "held = false"])
def test_when_a_seat_ends_is_not_written_by_hand(invited, pool, change):
    [ada] = invited("ada")
    assert typed(GIVE, [ada.workspace_id, ada.id, pool.product_id]) == ""
    assert "never changed" in typed(f"UPDATE billing_seats_seat SET {change}")
