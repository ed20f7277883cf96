"""Addresses confirmed by several people, or while somebody joins or invites, at one moment."""

import pytest

from billing_seats.services import open_workspace
from invitations import tokens as invitation_tokens
from invitations.inviting import invite
from invitations.join.services import accept
from invitations.offers import offer_for
from members.access import actor_for
from members.account.address_change import change_address
from tests.members.account.addresses import NEW, addresses, moved, token
from tests.racing import race, refused


@pytest.mark.django_db(transaction=True)
def test_two_people_confirming_one_address_at_once_are_not_both_let(link_for, acme, solo, bob, erin):
    tokens = [(user, token(link_for(user))) for user in (bob, erin)]
    results = race(*[lambda user=user, text=text: change_address(user, text) for user, text in tokens])
    [lost] = refused(results)
    assert lost.extra["errors"][0]["code"] == "unusable"
    assert sorted(addresses(user) == moved() for user in (bob, erin)) == [False, True]


@pytest.mark.django_db(transaction=True)
def test_two_members_of_one_workspace_confirming_one_address_at_once(link_for, acme, bob, carol):
    tokens = [(user, token(link_for(user))) for user in (bob, carol)]
    results = race(*[lambda user=user, text=text: change_address(user, text) for user, text in tokens] * 5)
    assert results.count(None) == 1
    assert acme.memberships.filter(email=NEW).count() == 1
    assert sorted(addresses(user) == moved() for user in (bob, carol)) == [False, True]


@pytest.mark.django_db(transaction=True)
def test_inviting_an_address_while_it_is_confirmed_makes_one_row(link_for, as_alice, acme, bob):
    text = token(link_for(bob))
    race(lambda: change_address(bob, text), *[lambda: invite(as_alice, [NEW])] * 3)
    assert acme.memberships.filter(email=NEW).count() == 1
    account, places, _rows = addresses(bob)
    assert places == {account}


@pytest.mark.django_db(transaction=True)
def test_joining_while_the_address_changes_leaves_no_row_behind(link_for, acme, globex, bob, dana):
    [answer] = invite(actor_for(dana, "globex"), [bob.email])
    offer = offer_for(invitation_tokens.make(answer.invitation))
    text = token(link_for(bob))
    joins = [lambda: accept(offer, bob), lambda: open_workspace(bob, name="Bobs", slug="bobs")]
    race(lambda: change_address(bob, text), *joins)
    account, places, _rows = addresses(bob)
    assert places == {account}
