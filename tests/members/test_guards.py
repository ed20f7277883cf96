"""What the database refuses, whoever asks: SQL typed by hand included."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from billing_seats.models import Seat, SeatPool
from billing_seats.services import hold
from invitations.inviting import invite
from members.access import actor_for, system_actor
from members.acting import acting
from members.models import AuditEvent, Membership
from workspace_admin.demo import cast


def refused(sql: str, *params) -> str:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, params)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except DatabaseError as error:
        return str(error)
    return "accepted"


def test_the_audit_log_refuses_update_delete_and_truncate(acme):
    assert "append-only" in refused("UPDATE members_auditevent SET action = 'x'")
    assert "append-only" in refused("UPDATE members_auditevent SET actor_label = 'Eve'")
    assert "append-only" in refused("DELETE FROM members_auditevent")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE members_auditevent ENABLE TRIGGER audit_no_truncate")
    assert "append-only" in refused("TRUNCATE members_auditevent")
    assert AuditEvent.objects.exists()


BLANKED = "actor_label = '', target_label = '', reason = ''"
PERSONAL = """changes = '{"email": ["a@x.example", "b@x.example"], "role": [null, "member"]}'"""


@pytest.fixture
def erasing(acme):
    """Let the audit log be blanked, as a person's erasure does for the length of its transaction."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE members_auditevent DISABLE TRIGGER audit_append_only")
        cursor.execute(f"UPDATE members_auditevent SET {PERSONAL}, reason = 'Ticket 812'")
        cursor.execute("ALTER TABLE members_auditevent ENABLE TRIGGER audit_append_only")
        cursor.execute("SET LOCAL members.erasing = 'on'")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL members.erasing = ''")


def test_the_audit_log_is_blanked_by_an_erasure_and_nothing_else(erasing):
    blank = """changes = '{"email": [null, null], "role": [null, "member"]}'"""
    assert refused(f"UPDATE members_auditevent SET {BLANKED}, {blank}") == "accepted"
    assert not AuditEvent.objects.exclude(actor_label="", reason="").exists()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL members.erasing = ''")
    assert "append-only" in refused(f"UPDATE members_auditevent SET {BLANKED}")


@pytest.mark.parametrize(
    "change",
    [
        "actor_label = 'Eve'",
        "reason = 'Ticket 813'",
        "actor_id = NULL",
        """changes = '{"email": ["a@x.example", "c@x.example"], "role": [null, "member"]}'""",
        """changes = '{"email": [null, null], "role": [null, null]}'""",
        """changes = '{"email": [null, null], "name": [null, null], "role": [null, "member"]}'""",
        """changes = '{"role": [null, "member"]}'""",
    ],
)
def test_an_erasure_changes_nothing_of_an_event_but_names_and_addresses(change, erasing):
    assert "append-only" in refused(f"UPDATE members_auditevent SET {change}")


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("email = upper(email)", "membership_email_is_lower_case"),
        ("user_id = NULL", "membership_invited_is_without_user"),
        ("status = 'invited'", "membership_invited_is_without_user"),
        ("status = 'gone'", "membership_status_is_known"),
        ("role = 'owner'", "membership_role_is_known"),
        ("expires_at = now() + interval '1 day'", "membership_active_admin_has_no_end"),
    ],
)
def test_a_membership_keeps_its_rules(acme, alice, change, constraint):
    row = acme.memberships.get(user=alice)
    assert constraint in refused(f"UPDATE members_membership SET {change} WHERE id = %s", row.id)


def test_one_membership_per_address_and_per_user(acme, alice, bob):
    for email, user in [(bob.email, None), ("other@acme.example", alice)]:
        with pytest.raises(IntegrityError, match="membership_one_per"), transaction.atomic():
            Membership.objects.create(
                workspace=acme,
                email=email,
                user=user,
                role="member",
                status="active" if user else "invited",
                expires_at=None if user else "2030-01-01T00:00:00Z",
            )


def test_no_row_of_one_tenant_points_at_anothers(acme, globex, dana):
    foreign = globex.memberships.get(user=dana)
    chat = SeatPool.objects.get(workspace=acme, product__slug=cast.CHAT)
    assert "seat_membership_of_tenant" in refused(
        "INSERT INTO billing_seats_seat (id, workspace_id, membership_id, product_id) VALUES (%s, %s, %s, %s)",
        foreign.id,
        acme.id,
        foreign.id,
        chat.product_id,
    )
    assert "invitation_membership_of_tenant" in refused(
        "UPDATE invitations_invitation SET membership_id = %s WHERE workspace_id = %s", foreign.id, acme.id
    )
    assert "delivery_invitation_of_tenant" in refused(
        "UPDATE invitations_delivery SET workspace_id = %s WHERE workspace_id = %s", globex.id, acme.id
    )


def test_sql_by_hand_cannot_take_more_seats_than_were_bought(as_alice, acme, seats_of):
    SeatPool.objects.filter(workspace=acme).update(purchased=1)
    invite(as_alice, ["ada@example.com"])
    ada = acme.memberships.get(email="ada@example.com")
    chat = SeatPool.objects.get(workspace=acme, product__slug=cast.CHAT)
    with pytest.raises(IntegrityError, match="no seat of this product is left"), transaction.atomic():
        Seat.objects.create(workspace=acme, membership=ada, product=chat.product)
    chat.refresh_from_db()
    assert (chat.assigned, seats_of(acme).in_use) == (1, 1)


def test_renewing_a_lapsed_holder_by_hand_is_refused_when_the_seat_is_gone(as_alice, acme):
    SeatPool.objects.filter(workspace=acme).update(purchased=1)
    invite(as_alice, ["first@example.com"], products=[cast.CODE])
    first = acme.memberships.filter(email="first@example.com")
    first.update(expires_at="2026-01-01T00:00:00Z")
    [second] = invite(as_alice, ["second@example.com"], products=[cast.CODE])
    assert second.done
    assert "no seat of this product is left" in refused(
        "UPDATE members_membership SET expires_at = now() + interval '1 day' WHERE email = 'first@example.com'"
    )


def test_services_that_count_refuse_to_run_without_the_lock(acme):
    with pytest.raises(RuntimeError, match="lock"):
        hold(acme, [], [])
    with acting(system_actor(acme)) as current:
        hold(current.workspace, [], [])


def test_last_active_is_kept_true_to_ten_minutes(acme, alice):
    row = acme.memberships.filter(user=alice)
    row.update(last_active_at="2026-01-01T00:00:00Z")
    actor_for(alice, "acme")
    seen = row.get().last_active_at
    assert seen >= row.get().created_at
    actor_for(alice, "acme")
    assert row.get().last_active_at == seen
