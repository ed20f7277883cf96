"""Erasures at the same moment as what would bring the person back, or leave a workspace without an Admin."""

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError

from billing_seats.lifecycle.services import change_role
from invitations import tokens
from invitations.inviting import invite
from invitations.join.services import accept
from invitations.offers import offer_for
from members.access import actor_for
from members.errors import DomainError
from members.ids import new_id
from members.models import Membership, Role, Session, User
from members.session_store import SessionStore
from tests.racing import race, refused
from workspace_admin.demo import cast
from workspace_admin.personal_data.services import erase_own_account

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_acceptance_at_the_same_moment_leaves_nothing_of_the_person(quilla, as_alice, acme, globex, dana):
    [invited] = invite(as_alice, [quilla.email], products=[cast.CHAT])
    cast.join(actor_for(dana, "globex"), quilla, Role.MEMBER)
    offer = offer_for(tokens.make(invited.invitation))
    results = race(*[lambda: accept(offer, quilla)] * 3, *[lambda: erase_own_account(quilla)] * 3)
    assert all(isinstance(error, DomainError) for error in refused(results))
    assert not User.objects.filter(email=quilla.email).exists()
    assert not Membership.objects.filter(email=quilla.email).exists()


def test_two_admins_who_leave_at_once_do_not_both_go(quilla, as_alice, acme, alice):
    cast.join(as_alice, quilla, Role.ADMIN)
    other = acme.memberships.get(user=alice).id
    as_quilla = actor_for(quilla, "acme")
    results = race(lambda: erase_own_account(quilla), lambda: change_role(as_quilla, other, Role.MEMBER))
    assert len(refused(results)) == 1
    assert acme.memberships.admins().count() == 1
    assert User.objects.filter(id=quilla.id).exists() is (acme.memberships.get(user=alice).role == Role.MEMBER)


@pytest.mark.parametrize("opened", [False, True], ids=["new session", "a stranger's session"])
def test_a_sign_in_at_the_same_moment_leaves_no_session(opened, db):
    session = SessionStore()
    if opened:
        session["join"] = "before"
        session.save()
        session = SessionStore(session.session_key)
        session.cycle_key()
    session[SESSION_KEY] = str(new_id())
    with pytest.raises(UpdateError):
        session.save()
    assert not Session.objects.exclude(user=None).exists()
