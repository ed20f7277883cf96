"""A counter of seats that is wrong, as nothing but SQL past the guards can make it."""

from django.db import connection

from billing_seats.models import SeatPool


def set_counter(pool: SeatPool, assigned: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE billing_seats_seatpool DISABLE TRIGGER count_not_changed")
        cursor.execute("UPDATE billing_seats_seatpool SET assigned = %s WHERE id = %s", [assigned, pool.id])
        cursor.execute("ALTER TABLE billing_seats_seatpool ENABLE TRIGGER count_not_changed")
