"""How many statements a page costs: the same with 3 people as with 60, and never more than pinned here."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invitations import tokens
from invitations.inviting import invite
from invitations.join import services
from invitations.offers import offer_for
from workspace_admin.demo import cast


def count(act) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        act()
    return len([one for one in captured if not one["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))])


@pytest.fixture
def crowd(as_alice):
    def grow(size: int) -> None:
        seats = [cast.CHAT] if size < 5 else []
        invite(as_alice, [f"person{size}-{n}@example.com" for n in range(size)], products=seats)

    return grow


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/w/acme/members/", 6),
        ("/w/acme/members/?tab=invited&q=person", 6),
        ("/api/v1/workspaces/acme/members", 6),
        ("/api/v1/workspaces/acme/invitations", 5),
    ],
)
def test_a_list_costs_the_same_however_many_there_are(path, most, crowd, client_for, alice):
    client = client_for(alice)
    crowd(3)
    client.get(path)
    few = count(lambda: client.get(path))
    crowd(60)
    many = count(lambda: client.get(path))
    assert few == many
    assert many <= most


def test_inviting_costs_the_same_for_one_as_for_fifty(as_alice):
    one = count(lambda: invite(as_alice, ["one@example.com"], products=[cast.CHAT]))
    fifty = count(lambda: invite(as_alice, [f"p{n}@example.com" for n in range(50)]))
    assert fifty <= one <= 13


def test_checking_addresses_costs_the_same_for_one_as_for_a_thousand(client_for, alice, acme):
    client = client_for(alice)
    path, many = "/w/acme/members/invite/addresses/", "\n".join(f"p{n}@example.com" for n in range(1_000))
    client.post(path, {"email": "one@example.com"})
    one = count(lambda: client.post(path, {"email": "one@example.com"}))
    assert count(lambda: client.post(path, {"email": many})) == one <= 6


def test_inviting_one_by_the_api_is_pinned(as_alice, alice, key_of, client_for):
    program, browser = key_of(as_alice), client_for(alice)
    browser.get("/api/v1/workspaces/acme")
    one, other = {"email": "one@example.com"}, {"email": "other@example.com"}
    path = "/api/v1/workspaces/acme/invitations"
    assert count(lambda: program.post("/workspaces/acme/invitations", one)) <= 10
    assert count(lambda: browser.post(path, other, content_type="application/json")) <= 12


def test_accepting_is_pinned(as_alice, person):
    [answer] = invite(as_alice, ["ada@example.com"], products=[cast.CHAT])
    ada = person("ada@example.com")
    offer = offer_for(tokens.make(answer.invitation))
    assert count(lambda: services.accept(offer, ada)) <= 7
