import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from billing_seats.lifecycle.services import change_role, give, leave, remove
from billing_seats.models import SeatPool
from invitations import tokens
from invitations.inviting import invite
from invitations.join import services
from invitations.models import Delivery, Invitation
from invitations.offers import offer_for
from invitations.services import resend, revoke
from members.access import actor_for
from members.errors import InvitationNotPending, LastAdmin, NotFound, PermissionDenied, SeatsExhausted
from members.models import AuditEvent, Membership, Role, User
from tests.racing import race, refused
from tests.sessions import PATIENCE, sessions
from workspace_admin.demo import cast

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 50


def offered(actor, email="ada@example.com", **terms):
    [answer] = invite(actor, [email], **terms)
    assert answer.error is None
    return answer.invitation, offer_for(tokens.make(answer.invitation))


def test_fifty_invites_for_one_last_seat_make_exactly_one(as_alice, acme, seats_of):
    SeatPool.objects.filter(workspace=acme, product__slug=cast.CODE).update(purchased=1)
    acts = [partial(invite, as_alice, [f"p{n}@example.com"], products=[cast.CODE]) for n in range(CROWD)]
    answers = [answer for result in race(*acts) for answer in result]
    assert sum(answer.done for answer in answers) == 1
    assert {type(answer.error) for answer in answers if not answer.done} == {SeatsExhausted}
    assert (seats_of(acme, cast.CODE).held, SeatPool.objects.get(product__slug=cast.CODE).assigned) == (1, 1)
    assert Delivery.objects.filter(kind="invitation", recipient__startswith="p").count() == 1


def test_fifty_invites_of_one_address_make_one_invitation(as_alice, acme):
    results = race(*[partial(invite, as_alice, ["ada@example.com"]) for _ in range(CROWD)])
    codes = sorted(answer.error.code if answer.error else "invited" for result in results for answer in result)
    assert codes == ["already_invited"] * (CROWD - 1) + ["invited"]
    assert acme.memberships.filter(email="ada@example.com").count() == 1


def test_fifty_new_people_accepting_one_token_are_one_person(as_alice, acme):
    _invitation, offer = offered(as_alice, products=[cast.CHAT])
    join = partial(services.accept_as_new_person, offer, name="Ada", password="a-long-password", language="")
    results = race(*[join for _ in range(CROWD)])
    assert {type(error) for error in refused(results)} == {InvitationNotPending}
    assert len(refused(results)) == CROWD - 1
    assert User.objects.filter(email="ada@example.com").count() == 1
    assert acme.memberships.with_expiry().get(email="ada@example.com").display_status == "active"
    assert AuditEvent.objects.filter(action="invitation.accepted", target_label="ada@example.com").count() == 1


def test_fifty_accepts_of_one_account_make_one_membership(as_alice, acme, person):
    ada = person("ada@example.com")
    _invitation, offer = offered(as_alice)
    results = race(*[partial(services.accept, offer, ada) for _ in range(CROWD)])
    assert len(refused(results)) == CROWD - 1
    assert acme.memberships.filter(user=ada).count() == 1


@pytest.mark.parametrize("other", ["revoke", "resend", "decline"])
def test_accept_against_another_end_lets_exactly_one_win(as_alice, acme, person, other, seats_of):
    ada = person("ada@example.com")
    for _ in range(5):
        invitation, offer = offered(as_alice, products=[cast.CODE])
        Invitation.objects.update(sent_at="2026-01-01T00:00:00Z")
        rival = {
            "revoke": partial(revoke, as_alice, invitation.id),
            "resend": partial(resend, as_alice, invitation.id),
            "decline": partial(services.decline, offer),
        }[other]
        results = race(partial(services.accept, offer, ada), rival)
        assert [type(error) for error in refused(results)] == [InvitationNotPending]
        joined = acme.memberships.filter(user=ada, status="active")
        assert joined.exists() == (not isinstance(results[0], Exception))
        Membership.objects.filter(workspace=acme, email=ada.email).delete()
        Invitation.objects.filter(status="pending", email=ada.email).update(status="revoked")
        assert SeatPool.objects.get(product__slug=cast.CODE, workspace=acme).assigned == 0


def test_the_member_is_locked_before_the_invitation(as_alice):
    invitation, offer = offered(as_alice)
    with sessions() as (holder, looker), ThreadPoolExecutor(1) as pool:
        holder.run("SELECT 1 FROM invitations_invitation WHERE id = %s FOR UPDATE", [invitation.id])
        declined = pool.submit(race, partial(services.decline, offer))
        deadline = time.monotonic() + PATIENCE
        free = "SELECT 1 FROM members_membership WHERE id = %s FOR UPDATE SKIP LOCKED"
        while looker.run(free, [invitation.membership_id]) and time.monotonic() < deadline:
            looker.commit()
            time.sleep(0.01)
        assert looker.run(free, [invitation.membership_id]) == []
        holder.commit()
        looker.commit()
        assert refused(declined.result()) == []


@pytest.mark.parametrize(
    "act",
    [
        # The second one to get the lock has been demoted meanwhile, and may demote nobody.
        lambda a, b, a_id, b_id: (partial(change_role, a, b_id, "member"), partial(change_role, b, a_id, "member")),
        lambda a, b, a_id, b_id: (partial(leave, a), partial(change_role, b, b_id, "billing")),
        lambda a, b, a_id, b_id: (partial(leave, a), partial(leave, b)),
    ],
    ids=["both demote", "one leaves, one steps down", "both leave"],
)
def test_two_admins_at_once_leave_one(acme, bob, alice, act):
    bob_row = acme.memberships.get(user=bob)
    alice_row = acme.memberships.get(user=alice)
    acme.memberships.filter(user=bob).update(role=Role.ADMIN)
    one, two = actor_for(alice, "acme"), actor_for(bob, "acme")
    results = race(*act(one, two, alice_row.id, bob_row.id))
    [error] = refused(results)
    assert isinstance(error, LastAdmin | PermissionDenied)
    assert acme.memberships.admins().count() == 1


def test_fifty_gives_of_three_seats_give_three(as_alice, acme, seats_of):
    people = [answer.invitation.membership_id for answer in invite(as_alice, [f"p{n}@example.com" for n in range(50)])]
    results = race(*[partial(give, as_alice, member_id, cast.CODE) for member_id in people])
    assert {type(error) for error in refused(results)} == {SeatsExhausted}
    assert len(refused(results)) == CROWD - 3
    assert seats_of(acme, cast.CODE).held == 3


def test_removing_one_member_fifty_times_frees_the_seat_once(as_alice, acme, bob, seats_of):
    row = acme.memberships.get(user=bob)
    results = race(*[partial(remove, as_alice, row.id) for _ in range(CROWD)])
    assert {type(error) for error in refused(results)} == {NotFound}
    assert seats_of(acme).in_use == 0
    assert SeatPool.objects.get(workspace=acme, product__slug=cast.CHAT).assigned == 0
