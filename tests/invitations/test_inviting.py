from datetime import timedelta

import pytest

from billing_seats.models import Product, SeatPool
from invitations.inviting import invite
from invitations.models import Delivery, Invitation, Outcome
from invitations.services import resend, revoke
from members.access import actor_for
from members.errors import (
    InvalidRequest,
    InvitationNotPending,
    NotFound,
    PermissionDenied,
    PlanRequired,
    RateLimited,
    SeatsExhausted,
)
from members.models import AuditEvent, Membership
from workspace_admin.demo import cast


def back(invitation, **ago):
    """Move an invitation's times into the past."""
    past = timedelta(**ago)
    Invitation.objects.filter(id=invitation.id).update(
        expires_at=invitation.expires_at - past, sent_at=invitation.sent_at - past
    )
    Membership.objects.filter(id=invitation.membership_id).update(expires_at=invitation.expires_at - past)


def invited(actor, email="ada@example.com", **terms):
    [answer] = invite(actor, [email], **terms)
    assert answer.error is None
    return answer.invitation


def test_an_invitation_is_a_member_a_seat_an_email_and_an_event_at_once(as_alice, acme, seats_of):
    before = seats_of(acme)
    invitation = invited(as_alice, "Ada@Example.com", role="billing", products=[cast.CHAT])

    member = acme.memberships.with_expiry().get(email="ada@example.com")
    assert (member.display_status, member.role) == ("invited", "billing")
    after = seats_of(acme)
    assert (after.held, after.available) == (before.held + 1, before.available - 1)
    delivery = Delivery.objects.get(invitation=invitation)
    assert (delivery.state, delivery.recipient, delivery.generation) == ("queued", "ada@example.com", 1)
    assert AuditEvent.objects.filter(
        action="invitation.created", target_id=invitation.id, actor_label="Alice Martin <alice@acme.example>"
    )


@pytest.mark.parametrize("who", ["as_bob", "as_carol"])
def test_only_admins_invite(who, request, acme):
    before = acme.memberships.count()
    with pytest.raises(PermissionDenied, match="Admin"):
        invite(request.getfixturevalue(who), ["ada@example.com"])
    assert acme.memberships.count() == before


def test_a_plan_without_invitations_says_which_have_it(solo, erin):
    with pytest.raises(PlanRequired) as refused:
        invite(actor_for(erin, "solo"), ["ada@example.com"])
    assert refused.value.extra == {"feature": "invitations", "plans": ["team", "enterprise"]}
    assert not solo.invitations.exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "required"),
        ("not-an-address", "invalid"),
        ("Ada <ada@example.com>", "invalid"),
        ("ada@example.com\nBcc: eve@example.com", "invalid"),
        ("ada@example.com\r\n", "invalid"),
        ("аda@example.com", "look_alike"),
        ("ada@example.com\u200b", "look_alike"),
        ("\u212aate@example.com", "look_alike"),
        ("a" * 300 + "@example.com", "max_length"),
        ("ada@exa\x00mple.com", "invalid"),
    ],
)
def test_a_bad_address_is_answered_and_the_good_one_beside_it_is_sent(as_alice, text, code):
    bad, good = invite(as_alice, [text, "ada@example.com"])
    assert isinstance(bad.error, InvalidRequest)
    assert bad.error.extra["errors"][0]["code"] == code
    assert good.done


def test_each_address_gets_its_own_answer(as_alice, acme):
    Delivery.objects.create(
        workspace=acme,
        invitation=Invitation.objects.first(),
        generation=9,
        kind="invitation",
        recipient="gone@example.com",
        outcome=Outcome.BOUNCED,
    )
    invited(as_alice, "waiting@example.com")
    answers = invite(as_alice, ["bob@acme.example", "waiting@example.com", "gone@example.com", "new@example.com"])
    codes = [answer.error.code if answer.error else "invited" for answer in answers]
    assert codes == ["already_member", "already_invited", "undeliverable", "invited"]


def test_seats_run_out_in_the_order_given(as_alice, acme, seats_of):
    answers = invite(as_alice, [f"p{n}@example.com" for n in range(5)], products=[cast.CODE])
    assert [answer.done for answer in answers] == [True, True, True, False, False]
    assert answers[4].error.extra == {"product": cast.CODE, "available": 0}
    assert seats_of(acme, cast.CODE).available == 0


def test_a_thousand_at_once_are_invited_and_one_more_is_refused_whole(as_alice, acme):
    answers = invite(as_alice, [f"p{n}@example.com" for n in range(1000)])
    assert all(answer.done for answer in answers)
    assert acme.memberships.invited().count() == 1000
    with pytest.raises(InvalidRequest, match="1000"):
        invite(as_alice, [f"q{n}@example.com" for n in range(1001)])
    assert not acme.memberships.filter(email__startswith="q").exists()


@pytest.mark.parametrize(
    "terms",
    [
        {"role": "owner"},
        {"products": ["unknown"]},
        {"products": ["not-bought"]},
        {"products": ["retired"]},
        {"language": "xx"},
        {"days": 0},
        {"days": 31},
        {"note": "x" * 501},
    ],
)
def test_bad_terms_are_refused_before_anything_is_written(as_alice, acme, terms):
    Product.objects.create(slug="not-bought", name="Not bought")
    retired = Product.objects.create(slug="retired", name="Retired", retired=True)
    SeatPool.objects.create(workspace=acme, product=retired, purchased=5)
    before = acme.memberships.count()
    with pytest.raises(InvalidRequest):
        invite(as_alice, ["ada@example.com"], **terms)
    assert acme.memberships.count() == before


def test_inviting_an_expired_address_renews_with_the_new_values(as_alice, acme, seats_of):
    first = invited(as_alice, products=[cast.CODE])
    back(first, days=8)
    assert seats_of(acme, cast.CODE).held == 0

    second = invited(as_alice, role="admin", products=[cast.CHAT], days=3)
    assert (second.id, second.generation, second.sent_count) == (first.id, 2, 2)
    member = acme.memberships.with_expiry().get(email="ada@example.com")
    assert (member.role, member.display_status) == ("admin", "invited")
    assert [seat.product.slug for seat in member.seats.all()] == [cast.CHAT]


def test_resending_makes_a_new_generation_once_a_minute(as_alice):
    invitation = invited(as_alice)
    with pytest.raises(RateLimited) as refused:
        resend(as_alice, invitation.id)
    assert 0 < refused.value.extra["retry_after"] <= 60
    back(invitation, minutes=2)
    again = resend(as_alice, invitation.id)
    assert (again.generation, again.deliveries.count()) == (2, 2)


def test_resending_an_expired_offer_holds_its_seats_again_or_says_none_is_left(as_alice, acme, seats_of):
    first = invited(as_alice, products=[cast.CODE])
    back(first, days=8)
    [*_, last] = invite(as_alice, ["a@example.com", "b@example.com", "c@example.com"], products=[cast.CODE])
    with pytest.raises(SeatsExhausted):
        resend(as_alice, first.id)
    assert Invitation.objects.get(id=first.id).generation == 1
    revoke(as_alice, last.invitation.id)
    resend(as_alice, first.id)
    assert seats_of(acme, cast.CODE).held == 3


def test_revoking_frees_seat_and_row_and_ends_the_story(as_alice, acme, seats_of):
    invitation = invited(as_alice, products=[cast.CHAT])
    revoke(as_alice, invitation.id)
    assert seats_of(acme).held == 0
    assert not acme.memberships.filter(email="ada@example.com").exists()
    kept = Invitation.objects.get(id=invitation.id)
    assert (kept.status, kept.membership_id, kept.product_slugs) == ("revoked", None, [cast.CHAT])
    for act in (revoke, resend):
        with pytest.raises(InvitationNotPending):
            act(as_alice, invitation.id)


def test_another_workspaces_invitation_looks_nonexistent(as_alice, globex, dana):
    foreign = invited(actor_for(dana, "globex"))
    for act in (revoke, resend):
        with pytest.raises(NotFound):
            act(as_alice, foreign.id)
    assert Invitation.objects.get(id=foreign.id).status == "pending"
