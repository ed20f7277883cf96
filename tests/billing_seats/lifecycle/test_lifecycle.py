"""Access that is stopped and started again, and ends by date: what becomes of the seats, and what is refused."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats.lifecycle.services import change_role, deactivate, reactivate, set_end
from billing_seats.models import Product
from invitations.inviting import invite
from invitations.services import resend
from members.clock import database_now
from members.errors import (
    InvalidRequest,
    LastAdmin,
    MemberInvited,
    NotFound,
    OverAssigned,
    PermissionDenied,
    PlanRequired,
    SeatsExhausted,
)
from members.models import AuditEvent, Membership
from workspace_admin.demo import cast

HOUR = timedelta(hours=1)


@pytest.fixture
def bob_row(acme, bob):
    """Bob, with a seat of le Chat Team."""
    return acme.memberships.get(user=bob)


@pytest.fixture
def away(as_alice, bob_row):
    """Bob, deactivated."""
    return deactivate(as_alice, bob_row.id)


@pytest.fixture
def lapsed(as_alice, bob_row):
    """Bob, whose access has ended an hour ago; his seat counts no more."""
    Membership.objects.filter(id=bob_row.id).update(expires_at=Now() - HOUR)
    bob_row.refresh_from_db()
    return bob_row


@pytest.fixture
def none_left(acme, as_alice):
    """Take up or unsell what is left of le Chat Team, but for Bob's own seat."""

    def take_up(purchased=1):
        invite(as_alice, ["taker@example.com"], products=[cast.CHAT])
        acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=purchased)

    return take_up


def held(member):
    return sorted(member.seats.values_list("product__slug", flat=True))


def last_event(member):
    return AuditEvent.objects.filter(target_id=member.id).order_by("-occurred_at", "-id").first()


def downgrade(acme):
    acme.subscription.plan = "free"
    acme.subscription.save()


def test_deactivating_frees_the_seats_and_keeps_the_row(as_alice, acme, bob_row, seats_of):
    assert seats_of(acme).in_use == 1
    for _ in range(2):
        member = deactivate(as_alice, bob_row.id)
    assert (member.status, member.role, member.seats_before) == ("deactivated", "member", [cast.CHAT])
    assert (seats_of(acme).in_use, seats_of(acme).available) == (0, 10)
    events = AuditEvent.objects.filter(target_id=bob_row.id, action="member.deactivated")
    assert [event.changes for event in events] == [{"status": ["active", "deactivated"], "seats": [[cast.CHAT], []]}]


def test_the_last_admin_is_not_deactivated(as_alice, acme, alice, bob_row):
    alice_row = acme.memberships.get(user=alice)
    invite(as_alice, ["ada@example.com"], role="admin")
    with pytest.raises(LastAdmin):
        deactivate(as_alice, alice_row.id)
    change_role(as_alice, bob_row.id, "admin")
    assert deactivate(as_alice, alice_row.id).status == "deactivated"


def test_reactivating_gives_back_the_seats_that_they_had(as_alice, acme, away, seats_of):
    again = reactivate(as_alice, away.id)
    assert (again.member.status, again.member.seats_before, held(away)) == ("active", [], [cast.CHAT])
    assert ([product.slug for product in again.seats_given], again.seats_gone) == ([cast.CHAT], [])
    assert seats_of(acme).in_use == 1
    assert last_event(away).changes == {"status": ["deactivated", "active"], "seats": [[], [cast.CHAT]]}


@pytest.mark.parametrize("purchased", [1, 0])
def test_seats_that_are_gone_are_named_and_access_is_back(as_alice, away, none_left, purchased):
    none_left(purchased)
    again = reactivate(as_alice, away.id)
    assert (list(again.seats_given), again.seats_gone, again.member.status) == ([], [cast.CHAT], "active")
    assert last_event(away).changes["seats_gone"] == [[], [cast.CHAT]]


def test_a_seat_of_a_product_that_is_sold_no_more_is_gone(as_alice, away):
    Product.objects.filter(slug=cast.CHAT).update(retired=True)
    assert reactivate(as_alice, away.id).seats_gone == [cast.CHAT]


def test_extending_a_lapsed_member_takes_no_seat_of_a_retired_product(as_alice, acme, lapsed, seats_of):
    Product.objects.filter(slug=cast.CHAT).update(retired=True)
    set_end(as_alice, lapsed.id, None)
    assert (held(lapsed), seats_of(acme).in_use) == ([], 0)
    assert last_event(lapsed).changes["seats"] == [[cast.CHAT], []]


def test_resending_an_expired_offer_takes_no_seat_of_a_retired_product(as_alice, acme, seats_of):
    [answer] = invite(as_alice, ["ada@example.com"], products=[cast.CODE, cast.CHAT])
    member = acme.memberships.get(id=answer.invitation.membership_id)
    Membership.objects.filter(id=member.id).update(expires_at=Now() - HOUR)
    acme.invitations.update(sent_at=Now() - HOUR)
    Product.objects.filter(slug=cast.CODE).update(retired=True)
    resend(as_alice, answer.invitation.id)
    assert (held(member), seats_of(acme, cast.CODE).held) == ([cast.CHAT], 0)


def test_on_a_plan_without_seats_access_is_back_and_the_seats_are_gone(as_alice, acme, away):
    downgrade(acme)
    with pytest.raises(PlanRequired):
        reactivate(as_alice, away.id, [cast.CHAT])
    assert reactivate(as_alice, away.id).seats_gone == [cast.CHAT]


def test_with_seats_that_are_chosen_it_is_all_of_them_or_nothing(as_alice, away, none_left):
    none_left()
    with pytest.raises(SeatsExhausted) as refused:
        reactivate(as_alice, away.id, [cast.CODE, cast.CHAT])
    assert refused.value.extra["product"] == cast.CHAT
    away.refresh_from_db()
    assert (away.status, held(away), away.seats_before) == ("deactivated", [], [cast.CHAT])
    assert held(reactivate(as_alice, away.id, [cast.CODE]).member) == [cast.CODE]


def test_no_seat_is_chosen_by_an_empty_list(as_alice, away):
    assert held(reactivate(as_alice, away.id, []).member) == []


def test_over_assigned_products_are_refused_by_that_name(as_alice, away, none_left):
    none_left(0)
    with pytest.raises(OverAssigned):
        reactivate(as_alice, away.id, [cast.CHAT])


def test_a_product_that_is_not_sold_here_is_refused(as_alice, away):
    with pytest.raises(InvalidRequest):
        reactivate(as_alice, away.id, ["unknown"])


def test_who_is_active_stays_as_they_are(as_alice, bob_row, none_left):
    none_left(0)
    again = reactivate(as_alice, bob_row.id, [cast.CODE])
    assert (again.seats_given, held(bob_row)) == ([], [cast.CHAT])


def test_an_end_that_has_passed_has_to_be_moved_first(as_alice, away):
    Membership.objects.filter(id=away.id).update(expires_at=Now() - HOUR)
    with pytest.raises(InvalidRequest) as refused:
        reactivate(as_alice, away.id)
    assert refused.value.field == "expires_at"
    ends = database_now() + HOUR
    again = reactivate(as_alice, away.id, [cast.CHAT], expires_at=ends)
    assert (again.member.status, again.member.expires_at, held(away)) == ("active", ends, [cast.CHAT])


def test_a_new_end_and_the_seats_come_together_or_not_at_all(as_alice, away, none_left):
    Membership.objects.filter(id=away.id).update(expires_at=Now() - HOUR)
    none_left()
    with pytest.raises(SeatsExhausted):
        reactivate(as_alice, away.id, [cast.CHAT], expires_at=None)
    away.refresh_from_db()
    assert (away.status, away.expires_at is None) == ("deactivated", False)
    assert reactivate(as_alice, away.id, [], expires_at=None).member.expires_at is None


def test_an_end_is_set_moved_and_removed(as_alice, bob_row):
    soon, later = database_now() + HOUR, database_now() + 2 * HOUR
    for end in (soon, later, None, None):
        assert set_end(as_alice, bob_row.id, end).expires_at == end
    events = AuditEvent.objects.filter(target_id=bob_row.id, action="member.end_changed").order_by("occurred_at")
    assert [event.changes["expires_at"] for event in events] == [
        [None, soon.isoformat()],
        [soon.isoformat(), later.isoformat()],
        [later.isoformat(), None],
    ]
    assert held(bob_row) == [cast.CHAT]


def test_an_end_that_has_passed_cannot_be_set(as_alice, bob_row):
    with pytest.raises(InvalidRequest) as refused:
        set_end(as_alice, bob_row.id, database_now())
    assert (refused.value.field, refused.value.extra["errors"][0]["code"]) == ("expires_at", "past")


def test_an_admins_access_has_no_end_and_a_guest_becomes_no_admin(as_alice, acme, alice, bob_row):
    with pytest.raises(InvalidRequest) as refused:
        set_end(as_alice, acme.memberships.get(user=alice).id, database_now() + HOUR)
    assert refused.value.extra["errors"][0]["code"] == "admin"
    set_end(as_alice, bob_row.id, database_now() + HOUR)
    with pytest.raises(InvalidRequest):
        change_role(as_alice, bob_row.id, "admin")
    set_end(as_alice, bob_row.id, None)
    assert change_role(as_alice, bob_row.id, "admin").role == "admin"


def test_extending_takes_the_seats_again(as_alice, acme, lapsed, seats_of):
    assert seats_of(acme).in_use == 0
    set_end(as_alice, lapsed.id, None)
    assert (seats_of(acme).in_use, held(lapsed)) == (1, [cast.CHAT])


@pytest.mark.parametrize(("purchased", "error"), [(1, SeatsExhausted), (0, OverAssigned)])
def test_extending_is_refused_while_a_seat_is_gone_unless_it_is_let_go(as_alice, lapsed, none_left, purchased, error):
    none_left(purchased)
    with pytest.raises(error) as refused:
        set_end(as_alice, lapsed.id, None)
    assert refused.value.extra["product"] == cast.CHAT
    set_end(as_alice, lapsed.id, None, keep=[])
    assert held(lapsed) == []
    assert last_event(lapsed).changes["seats"] == [[cast.CHAT], []]


def test_extending_with_seats_needs_a_plan_that_has_them(as_alice, acme, lapsed):
    downgrade(acme)
    with pytest.raises(PlanRequired):
        set_end(as_alice, lapsed.id, None)
    assert set_end(as_alice, lapsed.id, None, keep=[]).expires_at is None


def test_an_end_that_is_only_moved_asks_for_no_seat(as_alice, acme, bob_row, none_left):
    set_end(as_alice, bob_row.id, database_now() + HOUR)
    none_left(0)
    downgrade(acme)
    set_end(as_alice, bob_row.id, None)
    assert held(bob_row) == [cast.CHAT]


ACTS = [deactivate, reactivate, lambda actor, member: set_end(actor, member, None)]
ACTS.append(lambda actor, member: reactivate(actor, member, expires_at=None))


@pytest.mark.parametrize("act", ACTS)
def test_only_those_who_joined_only_here_and_only_by_admins(act, as_alice, as_bob, as_carol, globex, dana, bob_row):
    for actor in (as_bob, as_carol):
        with pytest.raises(PermissionDenied):
            act(actor, bob_row.id)
    with pytest.raises(NotFound):
        act(as_alice, globex.memberships.get(user=dana).id)
    [answer] = invite(as_alice, ["ada@example.com"])
    with pytest.raises(MemberInvited):
        act(as_alice, answer.invitation.membership_id)
    act(as_alice, bob_row.id)
