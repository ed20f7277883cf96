"""What somebody types who passes by the services: statements, and what came of them."""

from collections.abc import Sequence

from django.db import DatabaseError, connection, transaction

from billing_seats.models import Seat, SeatPool
from members.models import Membership

FULL = "no seat of this product is left"
GIVE = """
    INSERT INTO billing_seats_seat (id, workspace_id, membership_id, product_id)
    VALUES (gen_random_uuid(), %s::uuid, %s::uuid, %s::uuid)
"""
RENEW = "UPDATE members_membership SET expires_at = now() + interval '7 days' WHERE id = %s::uuid"
EXPIRE = "UPDATE members_membership SET expires_at = now() - interval '1 day' WHERE id = %s::uuid"
DEACTIVATE = "UPDATE members_membership SET status = 'deactivated' WHERE id = %s::uuid"


def seat(member: Membership, pool: SeatPool) -> list[object]:
    return [member.workspace_id, member.id, pool.product_id]


def typed(sql: str, params: Sequence[object] = ()) -> str:
    """Run a statement to the end of its transaction; answer what was refused, or ""."""
    return typed_together((sql, params))


def typed_together(*statements: tuple[str, Sequence[object]]) -> str:
    """Run the statements in one transaction, to its end; answer what was refused, or ""."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for sql, params in statements:
                cursor.execute(sql, params)
    except DatabaseError as error:
        return str(error)
    return ""


def counted(pool: SeatPool) -> int:
    """Return how many seats the pool says are given, which are as many as there are."""
    pool.refresh_from_db()
    assert pool.assigned == Seat.objects.filter(workspace=pool.workspace_id, product=pool.product_id).count()
    return pool.assigned
