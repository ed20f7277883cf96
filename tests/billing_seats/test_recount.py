"""`manage.py recount_seats`: counters that drifted are found, and mended on demand only."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billing_seats.models import SeatPool
from members.models import AuditEvent
from tests.billing_seats.drift import set_counter
from workspace_admin.demo import cast


@pytest.fixture
def pool(acme):
    return acme.seat_pools.get(product__slug=cast.CHAT)


@pytest.fixture
def broken(pool):
    """A counter that says 4 where one row is."""
    set_counter(pool, 4)
    return pool


def recount(*options: str) -> str:
    out = StringIO()
    call_command("recount_seats", *options, stdout=out)
    return out.getvalue()


def test_right_counters_are_left_alone(acme, globex):
    assert recount() == "4 pools counted, 0 with drift.\n"
    assert not AuditEvent.objects.filter(action="seats.recounted").exists()


def test_drift_is_reported_and_not_mended_unasked(broken):
    out = StringIO()
    with pytest.raises(CommandError) as failed:
        call_command("recount_seats", stdout=out)
    assert failed.value.returncode == 1
    assert "acme le-chat-team: drift: counted 4, rows 1\n" in out.getvalue()
    broken.refresh_from_db()
    assert broken.assigned == 4


def test_repair_sets_the_counter_right_and_says_so_in_the_audit_log(broken, acme, seats_of):
    assert "drift: counted 4, rows 1, mended" in recount("--repair")
    assert seats_of(acme).in_use == 1
    event = AuditEvent.objects.get(action="seats.recounted")
    assert (event.actor_type, event.target_id, event.changes) == ("system", acme.id, {cast.CHAT: [4, 1]})
    assert recount("--workspace", "acme") == "2 pools counted, 0 with drift.\n"


def test_over_assignment_is_reported_and_is_no_drift(pool):
    SeatPool.objects.filter(id=pool.id).update(purchased=0)
    assert "acme le-chat-team: over-assigned by 1: 1 of 0 taken\n" in recount()


def test_one_workspace_alone_is_counted_by_its_slug(broken, globex):
    assert recount("--workspace", "globex") == "2 pools counted, 0 with drift.\n"
    with pytest.raises(CommandError, match="slug nowhere"):
        recount("--workspace", "nowhere")
