"""Another address for a pending invitation, in one step; and addresses that are held back, until released."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now

from invitations import tasks, tokens
from invitations.delivery.undeliverable import fix_address, release_address
from invitations.inviting import invite
from invitations.join import services
from invitations.models import Delivery, Invitation, Outcome
from invitations.offers import offer_for
from invitations.services import revoke
from members.access import actor_for
from members.errors import (
    AlreadyInvited,
    AlreadyMember,
    InvalidRequest,
    InvitationNotPending,
    NotFound,
    PermissionDenied,
    PlanRequired,
    RateLimited,
    SeatsExhausted,
    Undeliverable,
)
from members.models import AuditEvent, Membership
from tests.racing import race, refused
from workspace_admin.demo import cast

RIGHT = "ada@example.com"


@pytest.fixture
def wrong(as_alice) -> Invitation:
    """An invitation that went to a mistyped address, and came back."""
    terms = {"role": "billing", "products": [cast.CODE], "language": "fr", "note": "Hello", "days": 9}
    [answer] = invite(as_alice, ["adda@example.com"], **terms)
    Delivery.objects.filter(invitation=answer.invitation).update(state="sent", outcome=Outcome.BOUNCED)
    return answer.invitation


def test_the_new_address_is_invited_on_the_same_terms(wrong, as_alice, acme, seats_of):
    held = seats_of(acme, cast.CODE).held
    new = fix_address(as_alice, wrong.id, " Ada@Example.com ")
    old = Invitation.objects.get(id=wrong.id)
    assert (old.status, old.membership_id, old.email) == ("revoked", None, "adda@example.com")
    assert (new.email, new.role, new.product_slugs) == (RIGHT, "billing", [cast.CODE])
    assert (new.language, new.note, new.days, new.generation) == ("fr", "Hello", 9, 1)
    member = acme.memberships.with_expiry().get(email=RIGHT)
    assert (member.display_status, member.role, member.sort_name) == ("invited", "billing", RIGHT)
    assert [seat.product.slug for seat in member.seats.all()] == [cast.CODE]
    assert not acme.memberships.filter(email="adda@example.com").exists()
    assert seats_of(acme, cast.CODE).held == held
    assert Delivery.objects.get(invitation=new).recipient == RIGHT


def test_the_old_link_is_dead_and_the_new_one_lets_in(wrong, as_alice, acme, person):
    link = tokens.make(wrong)
    new = fix_address(as_alice, wrong.id, RIGHT)
    assert offer_for(link) is None
    member = services.accept(offer_for(tokens.make(new)), person(RIGHT))
    assert (member.status, member.seats.count()) == ("active", 1)


def test_a_mail_to_the_old_address_that_has_not_left_never_does(as_alice, mailoutbox):
    [answer] = invite(as_alice, ["adda@example.com"])
    fix_address(as_alice, answer.invitation.id, RIGHT)
    tasks.drain()
    assert [message.to for message in mailoutbox if message.to[0].startswith("ad")] == [[RIGHT]]


def test_the_seats_stay_held_even_when_all_are_taken_or_more(wrong, as_alice, acme, seats_of):
    acme.seat_pools.filter(product__slug=cast.CODE).update(purchased=0)
    fix_address(as_alice, wrong.id, RIGHT)
    assert seats_of(acme, cast.CODE).over_assigned == 1


def test_an_expired_offer_takes_its_seats_again_or_says_that_they_are_gone(wrong, as_alice, acme):
    past = Now() - timedelta(days=1)
    Membership.objects.filter(id=wrong.membership_id).update(expires_at=past)
    [*_, last] = invite(as_alice, ["a@example.com", "b@example.com", "c@example.com"], products=[cast.CODE])
    with pytest.raises(SeatsExhausted), transaction.atomic():
        fix_address(as_alice, wrong.id, RIGHT)
    assert acme.memberships.get(id=wrong.membership_id).email == "adda@example.com"
    revoke(as_alice, last.invitation.id)
    assert (
        acme.memberships.with_expiry().get(id=fix_address(as_alice, wrong.id, RIGHT).membership_id).display_status
        == "invited"
    )


def test_both_halves_are_in_the_audit_log(wrong, as_alice):
    new = fix_address(as_alice, wrong.id, RIGHT)
    events = AuditEvent.objects.filter(target_id__in=[wrong.id, new.id]).order_by("occurred_at", "id")
    assert [(event.action, event.target_id) for event in events][-2:] == [
        ("invitation.revoked", wrong.id),
        ("invitation.created", new.id),
    ]
    assert events.last().changes["email"] == ["adda@example.com", RIGHT]


@pytest.mark.parametrize(
    ("email", "error"),
    [
        ("adda@example.com", InvalidRequest),
        ("nonsense", InvalidRequest),
        ("bob@acme.example", AlreadyMember),
        ("waiting@example.com", AlreadyInvited),
        ("expired@example.com", AlreadyInvited),
        ("dead@example.com", Undeliverable),
        ("full@example.com", RateLimited),
    ],
)
def test_an_address_that_cannot_be_invited_changes_nothing(email, error, wrong, as_alice, acme, settings):
    offers = {
        name: invite(as_alice, [f"{name}@example.com"])[0].invitation for name in ("waiting", "expired", "dead", "full")
    }
    Membership.objects.filter(id=offers["expired"].membership_id).update(expires_at=Now())
    for name in ("dead", "full"):
        revoke(as_alice, offers[name].id)
    Delivery.objects.filter(recipient="dead@example.com").update(outcome=Outcome.COMPLAINED)
    settings.MAILS_PER_ADDRESS = 1
    with pytest.raises(error), transaction.atomic():
        fix_address(as_alice, wrong.id, email)
    assert Invitation.objects.get(id=wrong.id).status == "pending"
    assert acme.memberships.get(id=wrong.membership_id).email == "adda@example.com"


def test_only_admins_do_where_the_plan_has_it_and_to_their_own(wrong, as_alice, as_bob, as_carol, acme, globex, dana):
    for who in (as_bob, as_carol):
        with pytest.raises(PermissionDenied):
            fix_address(who, wrong.id, RIGHT)
    with pytest.raises(NotFound):
        fix_address(actor_for(dana, "globex"), wrong.id, RIGHT)
    acme.subscription.plan = "free"
    acme.subscription.save()
    with pytest.raises(PlanRequired), transaction.atomic():
        fix_address(as_alice, wrong.id, RIGHT)


@pytest.mark.django_db(transaction=True)
def test_of_many_corrections_at_once_one_is_made(wrong, as_alice, acme):
    results = race(*[lambda n=n: fix_address(as_alice, wrong.id, f"p{n}@example.com") for n in range(20)])
    assert {type(error) for error in refused(results)} == {InvitationNotPending}
    assert len(refused(results)) == 19
    assert acme.memberships.invited().count() == 1


# --- held back


def test_a_released_address_is_invited_again_until_the_next_bounce(wrong, as_alice, acme):
    revoke(as_alice, wrong.id)
    [before] = invite(as_alice, ["adda@example.com"])
    assert isinstance(before.error, Undeliverable)
    release_address(as_alice, " Adda@example.com")
    [after] = invite(as_alice, ["adda@example.com"])
    assert after.done
    event = AuditEvent.objects.get(action="invitation.address_released")
    assert (event.target_label, event.changes) == ("adda@example.com", {"held": ["bounced", None]})
    Delivery.objects.filter(invitation=after.invitation).update(outcome=Outcome.BOUNCED)
    revoke(as_alice, after.invitation.id)
    [again] = invite(as_alice, ["adda@example.com"])
    assert isinstance(again.error, Undeliverable)


def test_only_admins_release_and_only_what_is_held_back_in_their_workspace(wrong, as_alice, as_carol, globex, dana):
    with pytest.raises(PermissionDenied):
        release_address(as_carol, "adda@example.com")
    for actor, email in ((actor_for(dana, "globex"), "adda@example.com"), (as_alice, RIGHT)):
        with pytest.raises(InvalidRequest, match="not suppressed"):
            release_address(actor, email)
    assert not Delivery.objects.exclude(released_at=None).exists()
