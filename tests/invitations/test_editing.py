"""A pending offer's role, seats and end: all that is asked for, or nothing."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats.models import Product
from invitations import tokens
from invitations.inviting import invite
from invitations.offers import offer_for
from invitations.services import edit, extend, revoke
from members.access import actor_for, staff_actor
from members.clock import database_now
from members.errors import (
    InvalidRequest,
    InvitationNotPending,
    NotFound,
    PermissionDenied,
    PlanRequired,
    SeatsExhausted,
)
from members.models import AuditEvent, Membership
from workspace_admin.demo import cast
from workspace_admin.support.staff import make_staff


@pytest.fixture
def ada(as_alice):
    [answer] = invite(as_alice, ["ada@example.com"], products=[cast.CHAT], days=5)
    return answer.invitation


def stand(ada):
    ada.refresh_from_db()
    member = Membership.objects.get(id=ada.membership_id)
    return member.role, sorted(seat.product.slug for seat in member.seats.all()), member.expires_at


def test_role_seats_and_end_change_in_one_step(as_alice, ada, acme, seats_of):
    ends = database_now() + timedelta(days=20)
    edit(as_alice, ada.id, {"role": "billing", "seats": [cast.CODE, cast.CODE], "expires_at": ends})
    assert stand(ada) == ("billing", [cast.CODE], ends)
    assert ada.expires_at == ends
    assert (seats_of(acme, cast.CHAT).held, seats_of(acme, cast.CODE).held) == (0, 1)
    done = AuditEvent.objects.filter(target_label="ada@example.com").exclude(action="invitation.created")
    assert set(done.values_list("action", flat=True)) == {
        "member.role_changed",
        "seat.taken",
        "seat.given",
        "invitation.extended",
    }


def test_the_link_stays_good(as_alice, ada):
    link = tokens.make(ada)
    extend(as_alice, ada.id, 30)
    ada.refresh_from_db()
    assert tokens.make(ada) == link
    assert offer_for(link) is not None


def test_what_cannot_be_done_whole_is_not_done_at_all(as_alice, ada):
    before = stand(ada)
    invite(as_alice, [f"p{n}@example.com" for n in range(3)], products=[cast.CODE])
    ends = database_now() + timedelta(days=9)
    with pytest.raises(SeatsExhausted):
        edit(as_alice, ada.id, {"role": "admin", "expires_at": ends, "seats": [cast.CODE]})
    with pytest.raises(InvalidRequest):
        edit(as_alice, ada.id, {"role": "admin", "seats": ["nothing"]})
    assert stand(ada) == before
    assert not AuditEvent.objects.filter(action__in=["member.role_changed", "seat.taken"]).exists()


@pytest.mark.parametrize("days", [-1, 0, 31])
def test_an_end_is_within_thirty_days(as_alice, ada, days):
    before = stand(ada)
    with pytest.raises(InvalidRequest) as refused:
        extend(as_alice, ada.id, days)
    assert refused.value.field == "expires_at"
    assert stand(ada) == before


def test_what_is_over_is_not_edited(as_alice, ada):
    Membership.objects.filter(id=ada.membership_id).update(expires_at=Now() - timedelta(seconds=1))
    for act in (lambda: extend(as_alice, ada.id, 3), lambda: edit(as_alice, ada.id, {"role": "billing"})):
        with pytest.raises(InvitationNotPending):
            act()
    revoke(as_alice, ada.id)
    with pytest.raises(InvitationNotPending):
        extend(as_alice, ada.id, 3)


def test_a_seat_that_is_held_already_stays_though_the_product_is_retired(as_alice, ada):
    Product.objects.filter(slug=cast.CHAT).update(retired=True)
    edit(as_alice, ada.id, {"seats": [cast.CHAT, cast.CODE]})
    assert stand(ada)[1] == [cast.CHAT, cast.CODE]


def test_a_lesser_plan_gates_what_prolongs_and_never_what_lets_go(as_alice, ada, acme):
    acme.subscription.plan = "pro"
    acme.subscription.save()
    for edits in ({"seats": [cast.CHAT, cast.CODE]}, {"expires_at": database_now() + timedelta(days=9)}):
        with pytest.raises(PlanRequired):
            edit(as_alice, ada.id, edits)
    edit(as_alice, ada.id, {"role": "billing", "seats": [], "expires_at": database_now() + timedelta(days=1)})
    assert stand(ada)[:2] == ("billing", [])


@pytest.mark.parametrize("who", ["as_bob", "as_carol"])
def test_only_admins_edit(request, who, ada):
    with pytest.raises(PermissionDenied):
        edit(request.getfixturevalue(who), ada.id, {})


def test_a_foreign_invitation_does_not_exist(ada, globex, dana):
    with pytest.raises(NotFound):
        edit(actor_for(dana, "globex"), ada.id, {"role": "admin"})


def test_support_extends_and_changes_nothing_else(ada, acme, person):
    sam = person("support@example.com")
    make_staff(sam)
    extend(staff_actor(sam, acme, "Ticket 812"), ada.id, 30)
    for edits in ({"role": "admin"}, {"seats": [cast.CODE]}):
        with pytest.raises(PermissionDenied):
            edit(staff_actor(sam, acme, "Ticket 812"), ada.id, edits)
    with pytest.raises(InvalidRequest):
        extend(staff_actor(sam, acme), ada.id, 30)
