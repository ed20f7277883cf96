"""The seats of offers that expired a month ago are taken; nobody can tell, and a resend holds them again."""

import pytest

from billing_seats.models import Product, Seat
from invitations.inviting import invite
from invitations.models import Invitation
from invitations.services import release_expired_seats, resend
from members.errors import SeatsExhausted
from members.models import AuditEvent, Membership
from tests.invitations.test_inviting import back
from workspace_admin.demo import cast


@pytest.fixture
def old(as_alice) -> Invitation:
    """Ada was invited with a seat; her offer expired 31 days ago."""
    [result] = invite(as_alice, ["ada@example.com"], products=[cast.CODE])
    back(result.invitation, days=38)
    return result.invitation


def seats(invitation):
    return Seat.objects.filter(membership=invitation.membership_id)


def test_the_seats_of_an_offer_expired_for_a_month_are_taken(old, acme, seats_of):
    before = seats_of(acme, cast.CODE)
    assert release_expired_seats() == 1
    assert not seats(old).exists()
    after = seats_of(acme, cast.CODE)
    assert (after.held, after.in_use, after.available) == (before.held, before.in_use, before.available)
    assert release_expired_seats() == 0


def test_a_younger_or_live_offer_keeps_its_seats(as_alice, old):
    results = invite(as_alice, ["ben@example.com", "cleo@example.com"], products=[cast.CHAT])
    back(results[0].invitation, days=10)
    assert release_expired_seats() == 1
    assert all(seats(result.invitation).exists() for result in results)


def test_a_resend_holds_them_again_or_says_that_none_is_left(old, as_alice, acme, seats_of):
    release_expired_seats()
    filling = invite(as_alice, [f"p{n}@example.com" for n in range(3)], products=[cast.CODE])
    with pytest.raises(SeatsExhausted):
        resend(as_alice, old.id)
    assert Membership.objects.get(id=old.membership_id).seats_before == [cast.CODE]
    acme.memberships.filter(id=filling[0].invitation.membership_id).delete()
    resend(as_alice, old.id)
    assert seats(old).count() == 1
    assert seats_of(acme, cast.CODE).held == 3


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("retired", [True, False])
def test_a_retired_product_is_not_held_again_and_the_log_says_so(taken, retired, old, as_alice):
    if taken:
        release_expired_seats()
    Product.objects.filter(slug=cast.CODE).update(retired=retired)
    resend(as_alice, old.id)
    assert seats(old).exists() is not retired
    changes = AuditEvent.objects.get(action="invitation.resent").changes
    assert changes.get("seats") == ([[cast.CODE], []] if retired else None)
