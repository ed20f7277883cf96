"""Seats that are over-assigned or run out: said at the top of the list and in the columns' heads, in numbers."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats.models import Product
from workspace_admin.demo import cast


@pytest.fixture
def pool(acme):
    """The seats of le Chat Team, of which Bob has one."""
    return acme.seat_pools.filter(product__slug=cast.CHAT)


def told(response):
    return response.content.decode().replace("\xa0", " ")


def heads(response):
    return {column.product.slug: column.left for column in response.context["columns"]}


def test_while_there_is_room_nothing_is_noted(plain):
    response = plain.get("/w/acme/members/")
    assert heads(response) == {cast.CHAT: "9 of 10 left", cast.CODE: "3 of 3 left"}
    assert 'class="note' not in told(response)


@pytest.mark.parametrize("who", ["alice", "carol"])
def test_more_than_was_bought_is_told_to_admins_and_billing(who, request, client_for, pool, ask_to_join):
    for purchased, words in ((0, "le Chat Team is over its limit by 1 seat."), (1, None)):
        pool.update(purchased=purchased)
        response = client_for(request.getfixturevalue(who)).get("/w/acme/members/")
        assert ("before assigning more." in told(response)) is bool(words)
        if words:
            assert words in told(response)
            assert 'href="/w/acme/subscription/"' in told(response)
            assert heads(response)[cast.CHAT] == "1 over limit"


def test_seats_held_by_offers_are_named_too(plain, pool, ask_to_join):
    ask_to_join("ada@new.example ben@new.example", products=[cast.CHAT])
    pool.update(purchased=0)
    assert "le Chat Team is over its limit by 3 seats." in told(plain.get("/w/acme/members/"))


def test_of_what_is_sold_no_more_it_is_said_that_seats_are_kept(plain, pool):
    pool.update(purchased=0)
    Product.objects.filter(slug=cast.CHAT).update(retired=True)
    page = told(plain.get("/w/acme/members/"))
    assert "It's no longer sold, and everyone who has a seat keeps it." in page
    assert "before assigning more" not in page


@pytest.mark.parametrize(
    ("purchased", "left"), [(2, "1 of 2 left"), (3, "2 of 3 left"), (1, "0 of 1 left"), (10, "9 of 10 left")]
)
def test_the_last_seats_are_hinted_at_in_the_head(plain, pool, purchased, left):
    pool.update(purchased=purchased)
    assert heads(plain.get("/w/acme/members/"))[cast.CHAT] == left


def test_a_refused_invitation_is_noted_while_there_is_no_room(ask_to_join, plain, pool):
    words = "An invitation was refused because no le Chat Team seat was available:"
    pool.update(purchased=1)
    ask_to_join("ada@new.example", products=[cast.CHAT])
    assert words in told(plain.get("/w/acme/members/"))
    pool.update(purchased=2)
    assert words not in told(plain.get("/w/acme/members/"))


def test_what_is_noted_follows_every_change(htmx, pool, member):
    pool.update(purchased=1, refused_since=Now() - timedelta(hours=1))
    bob = member("bob@acme.example")
    response = htmx.post(f"/w/acme/members/{bob.id}/role/", {"role": "billing"})
    assert "was refused because no le Chat Team seat" in told(response)
    response = htmx.post(f"/w/acme/members/{bob.id}/seats/le-chat-team/")
    assert 'id="seat-notes"' in told(response)
    assert "was refused because no le Chat Team seat" not in told(response)
