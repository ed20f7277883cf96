"""Moving a seat from the Members page: to whom, or from whom."""

import uuid

import pytest

from invitations.inviting import invite
from members.models import Membership
from workspace_admin.demo import cast

DIALOG = {"HX-Target": "dialog#dialog"}
CHOICES = {"HX-Target": "div#move-choices"}


@pytest.fixture
def full(acme):
    """No more seats of le Chat Team are bought than Bob's."""
    acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=1)


def away(member):
    return f"/w/acme/members/{member.id}/transfer/"


def to(member, product=cast.CHAT):
    return f"/w/acme/members/{member.id}/seats/{product}/takeover/"


def offered(response):
    return [choice.email for choice in response.context["people"]]


def holders(acme):
    return [seat.membership.email for seat in acme.seats.filter(product__slug=cast.CHAT)]


def test_a_seat_moves_to_whom_is_chosen_with_none_left(plain, acme, full, member):
    asked = plain.get(away(member("bob@acme.example")))
    assert offered(asked) == ["alice@acme.example", "carol@acme.example"]
    assert holders(acme) == ["bob@acme.example"]
    sent = {"product": cast.CHAT, "other": member("carol@acme.example").id}
    told = plain.post(away(member("bob@acme.example")), sent, follow=True).content.decode()
    assert "The seat of le Chat Team moved from Bob Keller to Carol Novak." in told
    assert holders(acme) == ["carol@acme.example"]


def test_a_refused_seat_leads_to_those_who_could_give_theirs(htmx, acme, full, member):
    carol = member("carol@acme.example")
    response = htmx.post(f"/w/acme/members/{carol.id}/seats/le-chat-team/", {"value": "on"})
    [row] = [row for row in response.context["rows"] if row.refused]
    assert (response.status_code, row.email, row.refused) == (409, carol.email, "No le Chat Team seat is available.")
    assert row.remedy in response.content.decode()
    assert offered(htmx.get(row.remedy, headers=DIALOG)) == ["bob@acme.example"]
    response = htmx.post(to(carol), {"other": member("bob@acme.example").id}, headers=DIALOG)
    assert (response["HX-Retarget"], response["HX-Trigger"]) == ("#people", "people:changed")
    assert holders(acme) == ["carol@acme.example"]


def test_other_refusals_offer_nobodys_seat(htmx, acme, member):
    acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=0)
    carol = member("carol@acme.example")
    response = htmx.post(f"/w/acme/members/{carol.id}/seats/le-chat-team/", {"value": "on"})
    [row] = [row for row in response.context["rows"] if row.refused]
    assert row.remedy == ""


def test_those_away_longest_come_first(plain, acme, as_alice, member):
    invite(as_alice, ["ines@new.example"], products=[cast.CHAT])
    Membership.objects.filter(email="bob@acme.example").update(last_active_at="2026-01-01T00:00:00Z")
    assert offered(plain.get(to(member("carol@acme.example")))) == ["bob@acme.example", "ines@new.example"]
    Membership.objects.filter(email="ines@new.example").update(created_at="2025-01-01T00:00:00Z")
    assert offered(plain.get(to(member("carol@acme.example")))) == ["ines@new.example", "bob@acme.example"]


@pytest.mark.parametrize(("words", "found"), [("car", ["carol@acme.example"]), ("nobody", []), ("' & |", None)])
def test_a_search_narrows_the_choices(htmx, member, words, found):
    response = htmx.get(away(member("bob@acme.example")), {"q": words}, headers=CHOICES)
    assert offered(response) == (found if found is not None else ["alice@acme.example", "carol@acme.example"])
    assert b"<h1" not in response.content


def test_fifty_are_shown_and_the_others_searched_for(plain, as_alice, member):
    invite(as_alice, [f"p{n:02}@new.example" for n in range(60)])
    response = plain.get(away(member("bob@acme.example")))
    assert len(offered(response)) == 50
    assert "Showing the first 50." in response.content.decode()
    assert offered(plain.get(away(member("bob@acme.example")), {"q": "p59"})) == ["p59@new.example"]


def test_who_has_several_seats_says_which(plain, acme, member):
    bob = member("bob@acme.example")
    plain.post(f"/w/acme/members/{bob.id}/seats/mistral-code/", {"value": "on"})
    plain.post(f"/w/acme/members/{member('carol@acme.example').id}/seats/mistral-code/", {"value": "on"})
    assert offered(plain.get(away(bob), {"product": cast.CODE})) == ["alice@acme.example"]
    assert offered(plain.get(away(bob), {"product": "another"})) == ["alice@acme.example", "carol@acme.example"]


def test_who_has_no_seat_is_said_to_have_none(plain, member):
    asked = plain.get(away(member("carol@acme.example"))).content.decode()
    assert "Carol Novak has no seat to move." in asked
    assert plain.post(away(member("carol@acme.example")), {"other": member("bob@acme.example").id}).status_code == 200


def test_a_refusal_stays_in_the_dialog(htmx, acme, member):
    bob, carol = member("bob@acme.example"), member("carol@acme.example")
    for other, words in ((bob.id, "already has a seat for it"), ("", "Choose a person."), ("\0", "Choose a person.")):
        response = htmx.post(away(bob), {"product": cast.CHAT, "other": other}, headers=DIALOG)
        assert (response.status_code, words in response.content.decode()) == (400, True)
    htmx.post(f"/w/acme/members/{bob.id}/seats/le-chat-team/", {"value": ""})
    response = htmx.post(to(carol), {"other": bob.id}, headers=DIALOG)
    assert (response.status_code, b"has no seat for it" in response.content) == (400, True)


def test_strangers_and_unknown_products_look_nonexistent(plain, acme, globex, dana, member):
    foreign = globex.memberships.get(user=dana)
    bob, carol = member("bob@acme.example"), member("carol@acme.example")
    assert plain.post(to(carol), {"other": foreign.id}).status_code == 404
    assert plain.post(away(bob), {"product": cast.CHAT, "other": uuid.uuid4()}).status_code == 404
    assert plain.get(to(carol, "unknown")).status_code == 404


def test_the_plan_is_told_before_anybody_is_chosen(htmx, acme, member):
    acme.subscription.plan = "pro"
    acme.subscription.save()
    asked = htmx.get(away(member("bob@acme.example")), headers=DIALOG)
    assert (asked.status_code, b"Team and Enterprise" in asked.content) == (403, True)
