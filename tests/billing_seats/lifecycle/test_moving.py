"""A seat that moves from one member to another, in one step."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats.lifecycle.services import change_role, deactivate, give, move
from invitations.inviting import invite
from members.errors import InvalidRequest, NotFound, OverAssigned, PermissionDenied, PlanRequired, SeatsExhausted
from members.models import AuditEvent, Membership
from workspace_admin.demo import cast

HOUR = timedelta(hours=1)


@pytest.fixture
def bob_row(acme, bob):
    """Bob, with the only seat of le Chat Team that was bought."""
    acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=1)
    return acme.memberships.get(user=bob)


@pytest.fixture
def carol_row(acme, carol):
    return acme.memberships.get(user=carol)


def holders(acme):
    return [seat.membership.email for seat in acme.seats.filter(product__slug=cast.CHAT)]


def test_it_works_when_all_are_in_use(as_alice, acme, bob_row, carol_row, seats_of):
    with pytest.raises(SeatsExhausted):
        give(as_alice, carol_row.id, cast.CHAT)
    assert move(as_alice, cast.CHAT, bob_row.id, carol_row.id) == carol_row
    assert holders(acme) == ["carol@acme.example"]
    assert (seats_of(acme).in_use, seats_of(acme).available) == (1, 0)
    events = AuditEvent.objects.filter(workspace_id=acme.id, action__startswith="seat.").order_by("occurred_at", "id")
    assert [(event.action, event.target_label) for event in events] == [
        ("seat.taken", "bob@acme.example"),
        ("seat.given", "carol@acme.example"),
    ]


def test_an_invitee_can_get_it(as_alice, acme, bob_row):
    [answer] = invite(as_alice, ["ada@example.com"])
    move(as_alice, cast.CHAT, bob_row.id, answer.invitation.membership_id)
    assert holders(acme) == ["ada@example.com"]


def test_a_role_changes_while_no_seat_is_left(as_alice, acme, bob_row, carol_row, seats_of):
    assert seats_of(acme).available == 0
    assert change_role(as_alice, bob_row.id, "billing").role == "billing"
    assert change_role(as_alice, carol_row.id, "admin").role == "admin"
    assert holders(acme) == ["bob@acme.example"]


@pytest.mark.parametrize(("giver", "taker", "field"), [("carol", "alice", "from"), ("bob", "bob", "to")])
def test_who_has_none_gives_none_and_who_has_one_gets_none(as_alice, acme, bob_row, giver, taker, field):
    rows = {name: acme.memberships.get(email=f"{name}@acme.example").id for name in (giver, taker)}
    with pytest.raises(InvalidRequest) as refused:
        move(as_alice, cast.CHAT, rows[giver], rows[taker])
    assert refused.value.field == field
    assert holders(acme) == ["bob@acme.example"]


@pytest.mark.parametrize("end", ["deactivated", "lapsed"])
def test_whose_access_has_ended_gets_none(as_alice, acme, bob_row, carol_row, end):
    if end == "deactivated":
        deactivate(as_alice, carol_row.id)
    else:
        Membership.objects.filter(id=carol_row.id).update(expires_at=Now() - HOUR)
    with pytest.raises(InvalidRequest) as refused:
        move(as_alice, cast.CHAT, bob_row.id, carol_row.id)
    assert refused.value.extra["errors"][0]["code"] == "member_not_live"
    assert holders(acme) == ["bob@acme.example"]


def test_a_lapsed_givers_seat_counts_no_more_and_has_to_be_there(as_alice, acme, bob_row, carol_row, alice):
    Membership.objects.filter(id=bob_row.id).update(expires_at=Now() - HOUR)
    give(as_alice, carol_row.id, cast.CHAT)
    alice_row = acme.memberships.get(user=alice)
    with pytest.raises(SeatsExhausted):
        move(as_alice, cast.CHAT, bob_row.id, alice_row.id)
    acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=2)
    move(as_alice, cast.CHAT, bob_row.id, alice_row.id)
    assert sorted(holders(acme)) == ["alice@acme.example", "carol@acme.example"]


def test_nothing_moves_while_more_are_in_use_than_bought(as_alice, acme, bob_row, carol_row):
    acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=0)
    with pytest.raises(OverAssigned):
        move(as_alice, cast.CHAT, bob_row.id, carol_row.id)
    assert holders(acme) == ["bob@acme.example"]


def test_the_plan_gates_moving(as_alice, acme, bob_row, carol_row):
    acme.subscription.plan = "pro"
    acme.subscription.save()
    with pytest.raises(PlanRequired):
        move(as_alice, cast.CHAT, bob_row.id, carol_row.id)


def test_only_admins_move_and_only_here(as_alice, as_bob, as_carol, globex, dana, bob_row, carol_row):
    for actor in (as_bob, as_carol):
        with pytest.raises(PermissionDenied):
            move(actor, cast.CHAT, bob_row.id, carol_row.id)
    foreign = globex.memberships.get(user=dana)
    for pair in ((foreign.id, carol_row.id), (bob_row.id, foreign.id)):
        with pytest.raises(NotFound):
            move(as_alice, cast.CHAT, *pair)


def test_an_unknown_product_cannot_be_moved(as_alice, bob_row, carol_row):
    with pytest.raises(InvalidRequest):
        move(as_alice, "unknown", bob_row.id, carol_row.id)
