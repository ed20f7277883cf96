"""The checker: looks at snapshots of the database, on a connection of its own, while everything else goes on."""

import threading
from dataclasses import dataclass, field

from django.db import connection

from members.models import Workspace

NEVER = {
    "a counter differs from its rows": """
        SELECT p.product_id FROM billing_seats_seatpool p WHERE p.assigned <> (
            SELECT count(*) FROM billing_seats_seat s
            WHERE s.workspace_id = p.workspace_id AND s.product_id = p.product_id)
    """,
    "a workspace without an active Admin": """
        SELECT w.id FROM members_workspace w WHERE NOT EXISTS (
            SELECT FROM members_membership m WHERE m.workspace_id = w.id AND m.status = 'active' AND m.role = 'admin')
    """,
    "two memberships of one address or person": """
        SELECT m.email FROM members_membership m GROUP BY m.workspace_id, m.email HAVING count(*) > 1
        UNION ALL SELECT m.user_id::text FROM members_membership m WHERE m.user_id IS NOT NULL
        GROUP BY m.workspace_id, m.user_id HAVING count(*) > 1
    """,
    "a token accepted twice": """
        SELECT e.target_id FROM members_auditevent e WHERE e.action = 'invitation.accepted'
        GROUP BY e.target_id HAVING count(*) > 1
    """,
    "an acceptance that only the log, or only the invitation, knows": """
        SELECT i.id FROM invitations_invitation i
        WHERE (i.status = 'accepted') <> EXISTS (
            SELECT FROM members_auditevent e WHERE e.action = 'invitation.accepted' AND e.target_id = i.id)
    """,
    "an offer accepted after its end": """
        SELECT i.id FROM invitations_invitation i WHERE i.accepted_at > i.expires_at + interval '2 seconds'
    """,
    "two pending invitations of one address": """
        SELECT i.email FROM invitations_invitation i WHERE i.status = 'pending'
        GROUP BY i.workspace_id, i.email HAVING count(*) > 1
    """,
    "an invitee without a pending invitation, or one without an invitee": """
        SELECT m.id FROM members_membership m WHERE (m.status = 'invited') <> EXISTS (
            SELECT FROM invitations_invitation i
            WHERE i.workspace_id = m.workspace_id AND i.membership_id = m.id AND i.status = 'pending')
        UNION ALL SELECT i.id FROM invitations_invitation i WHERE i.status = 'pending' AND i.membership_id IS NULL
    """,
    "a deactivated member with a seat": """
        SELECT m.id FROM members_membership m JOIN billing_seats_seat s ON s.membership_id = m.id
        WHERE m.status = 'deactivated'
    """,
    "a seat that does not end with its member": """
        SELECT s.id FROM billing_seats_seat s JOIN members_membership m ON m.id = s.membership_id
        WHERE s.ends_at IS DISTINCT FROM m.expires_at OR s.held <> (m.status = 'invited')
    """,
    "seats that nobody bought": """
        SELECT s.id FROM billing_seats_seat s WHERE NOT EXISTS (
            SELECT FROM billing_seats_seatpool p
            WHERE p.workspace_id = s.workspace_id AND p.product_id = s.product_id)
    """,
}
"""What must hold in every snapshot; each statement answers the rows that break it."""
TAKEN = """
    SELECT p.product_id::text, p.purchased, (
        SELECT array[
            count(*) FILTER (WHERE m.expires_at IS NULL OR m.expires_at > statement_timestamp()),
            count(*) FILTER (WHERE m.expires_at IS NULL OR m.expires_at > %s)
        ]
        FROM billing_seats_seat s JOIN members_membership m ON m.id = s.membership_id
        WHERE s.workspace_id = p.workspace_id AND s.product_id = p.product_id
    ), (
        SELECT count(*) FROM members_auditevent e
        WHERE e.workspace_id = p.workspace_id AND e.action = 'subscription.changed'
    )
    FROM billing_seats_seatpool p WHERE p.workspace_id = %s
"""
WAITING = """
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - a.query_start)), 0)::float
    FROM pg_stat_activity a WHERE a.datname = current_database() AND cardinality(pg_blocking_pids(a.pid)) > 0
"""


@dataclass
class Watch:
    """What was seen: broken rules, snapshots looked at, and the longest wait for a lock, in seconds."""

    workspace: Workspace
    broken: list[str] = field(default_factory=list)
    snapshots: int = 0
    longest_wait: float = 0.0
    over: dict[tuple[str, int], int] = field(default_factory=dict)

    def look(self) -> None:
        """Look at one snapshot."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            [before] = cursor.fetchone()
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            # Fixes the snapshot, which lies between the two moments at which seats are counted.
            cursor.execute("SELECT 1")
            for what, sql in NEVER.items():
                cursor.execute(sql)
                self.broken += [f"{what}: {row[0]}" for row in cursor.fetchall()]
            cursor.execute(TAKEN, [before, self.workspace.id])
            for product, purchased, (fewest, most), changes in cursor.fetchall():
                self.count((product, changes), purchased, fewest, most)
            cursor.execute("COMMIT")
            cursor.execute(WAITING)
            self.longest_wait = max(self.longest_wait, cursor.fetchone()[0])
        self.snapshots += 1

    def count(self, key: tuple[str, int], purchased: int, fewest: int, most: int) -> None:
        """Hold the figure of over-assigned seats against the last one since the same change of quantities.

        Only such a change may raise it. Seats lapse while we look: ``fewest`` counted after the snapshot, ``most``
        before it, and what was taken at the snapshot lies between.
        """
        before = self.over.get(key)
        if before is not None and fewest - purchased > before:
            self.broken.append(f"{fewest} of {purchased} seats are taken, {before} over before: {key}")
        over = max(most - purchased, 0)
        self.over[key] = over if before is None else min(over, before)

    def until(self, end: threading.Event) -> None:
        """Look again and again, and once more at the end."""
        try:
            while not end.wait(0.02):
                self.look()
            self.look()
        except Exception as error:  # noqa: BLE001 -- told by the test, in whose thread it would be lost
            self.broken.append(f"the checker failed: {error!r}")
        finally:
            connection.close()
