"""What the Members page shows, to whom, and at what cost."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from billing_seats.lifecycle.services import deactivate
from invitations.models import Delivery
from members.models import Membership, Role, Status
from members.names import fold

COST = 6
"""Statements: three to know who asks and what they may do, three for the plain."""


def crowd(workspace, number, name="guest"):
    rows = [
        Membership(
            workspace=workspace,
            email=f"{name}{index:03}@crowd.example",
            sort_name=fold(f"{name}{index:03}@crowd.example"),
            role=Role.MEMBER,
            status=Status.INVITED,
            expires_at=Now() + timedelta(days=7),
        )
        for index in range(number)
    ]
    Membership.objects.bulk_create(rows)


def shown(response):
    return [row.email for row in response.context["rows"]]


def test_the_page_names_people_roles_seats_and_seats_left(plain):
    told = plain.get("/w/acme/members/").content.decode()
    for words in ("Alice Martin", "bob@acme.example", "+ Invite member", "9 of 10 left", "3 of 3 left", "Active"):
        assert words in told


@pytest.mark.parametrize("path", ["", "?tab=active", "?tab=invited", "?q=guest", "?q=guest&tab=invited"])
def test_the_page_costs_the_same_with_few_and_many(plain, acme, path, django_assert_num_queries):
    plain.get("/w/acme/")
    with django_assert_num_queries(COST):
        plain.get(f"/w/acme/members/{path}")
    crowd(acme, 120)
    with django_assert_num_queries(COST):
        response = plain.get(f"/w/acme/members/{path}")
    if response.context["next"]:
        with django_assert_num_queries(COST):
            plain.get("/w/acme/members/" + response.context["next"])


def test_next_and_previous_lead_through_everyone_once(plain, acme):
    crowd(acme, 120)
    seen, link = [], "?"
    while link:
        response = plain.get(f"/w/acme/members/{link}")
        seen += shown(response)
        back, link = response.context["previous"], response.context["next"]
    assert sorted(seen) == sorted(acme.memberships.values_list("email", flat=True))
    assert len(shown(plain.get(f"/w/acme/members/{back}"))) == 50


@pytest.mark.parametrize("cursor", ["nonsense", "é", "WyJuIl0", "x" * 5000])
def test_a_cursor_that_makes_no_sense_leads_to_the_first_page(plain, cursor):
    assert len(shown(plain.get(f"/w/acme/members/?cursor={cursor}"))) == 3


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ali", ["alice@acme.example"]),
        ("mart", ["alice@acme.example"]),
        ("BOB kel", ["bob@acme.example"]),
        ("lice", []),
        ("' | & ! :* \\", ["alice@acme.example", "bob@acme.example", "carol@acme.example"]),
    ],
)
def test_search_finds_the_beginnings_of_words(plain, words, found):
    assert shown(plain.get("/w/acme/members/", {"q": words})) == found


def test_search_stays_in_the_workspace(plain, acme, globex):
    assert shown(plain.get("/w/acme/members/", {"q": "dana"})) == []


def test_an_empty_search_says_what_to_do(plain):
    told = plain.get("/w/acme/members/", {"q": "nobody"}).content.decode()
    assert "No matching members" in told
    assert "Show everyone" in told


def test_expired_stand_under_all_and_not_under_invited(ask_to_join, plain, member):
    ask_to_join("late@new.example")
    Membership.objects.filter(email="late@new.example").update(expires_at=Now() - timedelta(seconds=1))
    everyone = plain.get("/w/acme/members/")
    [row] = [row for row in everyone.context["rows"] if row.email == "late@new.example"]
    assert row.status_label == "Expired"
    assert shown(plain.get("/w/acme/members/?tab=invited")) == []


@pytest.mark.parametrize(
    ("state", "outcome", "words"),
    [
        ("queued", "", "Sending"),
        ("sent", "", "Sent 2 days ago"),
        ("sent", "bounced", "Bounced 2 days ago"),
        ("failed", "", "Couldn't be sent"),
    ],
)
def test_the_row_says_what_became_of_the_email(ask_to_join, plain, state, outcome, words):
    ask_to_join("ada@new.example")
    then = Now() - timedelta(days=2)
    Delivery.objects.update(state=state, outcome=outcome, sent_at=then, outcome_at=then if outcome else None)
    assert words in plain.get("/w/acme/members/").content.decode().replace("\xa0", " ").replace("&#x27;", "'")


def test_the_heading_counts_members_and_pending_invitations(plain, htmx, as_alice, acme, member):
    assert plain.get("/w/acme/members/").context["summary"] == "3 members"
    crowd(acme, 1)
    assert plain.get("/w/acme/members/").context["summary"] == "3 members, 1 invited"
    crowd(acme, 1_001, "more")
    deactivate(as_alice, member("bob@acme.example").id)
    response = htmx.post(f"/w/acme/members/{member('carol@acme.example').id}/role/", {"role": "member"})
    assert response.context["summary"] == "2 members, 1,000+ invited"
    assert b'<p id="summary" hx-swap-oob="innerHTML">2 members' in response.content


def test_htmx_gets_the_list_alone(htmx):
    told = htmx.get("/w/acme/members/", {"q": "ali"}).content.decode()
    assert "<html" not in told
    assert "Alice Martin" in told
    assert "1 person found" in told


def test_billing_sees_the_list_and_why_nothing_can_be_changed(carol, acme, client_for):
    told = client_for(carol).get("/w/acme/members/").content.decode()
    assert "Alice Martin" in told
    assert "only Admins can invite" in told
    assert 'aria-disabled="true"' in told
    assert "/role/" not in told
    assert "Actions for" not in told


def test_a_member_is_told_what_it_takes_to_see_the_list(bob, acme, client_for):
    response = client_for(bob).get("/w/acme/members/")
    assert response.status_code == 403
    assert "Ask a workspace" in response.content.decode()
    assert "alice@acme.example" not in response.content.decode()


def test_free_says_which_plans_invite(erin, solo, client_for):
    told = client_for(erin).get("/w/solo/members/").content.decode()
    assert "available on the Team and Enterprise plans" in told
    assert "/w/solo/members/invite/" not in told


def test_a_held_seat_of_an_expired_offer_shows_as_left(ask_to_join, plain):
    ask_to_join("late@new.example", products=["mistral-code"])
    assert "2 of 3 left" in plain.get("/w/acme/members/").content.decode()
    Membership.objects.filter(email="late@new.example").update(expires_at=F("created_at") - timedelta(days=1))
    assert "3 of 3 left" in plain.get("/w/acme/members/").content.decode()
