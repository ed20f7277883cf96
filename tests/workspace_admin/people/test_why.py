"""Why somebody may open a product or not: one sentence and its steps, the same for Admins and for the person."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats.entitlement.explain import explain_all
from billing_seats.lifecycle.services import deactivate
from billing_seats.models import Product
from members.models import Membership
from workspace_admin.demo import cast


def explained(acme, slug=cast.CODE, who="Bob", email="bob@acme.example"):
    [one] = [one for one in explain_all(acme, who, email=email) if one.count.product.slug == slug]
    return one


def failing(one):
    return [step.text for step in one.steps if not step.holds]


def lapse(email):
    Membership.objects.filter(email=email).update(expires_at=Now() - timedelta(hours=1))


def downgrade(acme):
    acme.subscription.plan = "pro"
    acme.subscription.save()


def test_a_seat_opens_the_product(acme):
    one = explained(acme, cast.CHAT)
    assert (one.entitled, one.sentence) == (True, "Bob can open le Chat Team.")
    assert [step.text for step in one.steps] == [
        "Active member of this workspace",
        "Access hasn’t ended",
        "The Team plan includes seats",
        "Has a seat",
    ]
    assert failing(one) == []


@pytest.mark.parametrize(
    ("purchased", "left"), [(3, "3 of 3 available"), (1, "1 of 1 available"), (0, "0 of 0 available")]
)
def test_without_a_seat_it_says_how_many_are_free(acme, purchased, left):
    acme.seat_pools.filter(product__slug=cast.CODE).update(purchased=purchased)
    one = explained(acme)
    assert one.sentence == f"Bob has no Mistral Code seat ({left})."
    assert failing(one) == [f"Has no seat ({left})"]


def test_over_assigned_is_said_in_numbers(acme):
    acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=0)
    one = explained(acme, cast.CHAT, "Carol", "carol@acme.example")
    assert one.sentence == "Carol has no le Chat Team seat (1 of 0 taken)."


def test_who_was_deactivated_is_told_so(acme, as_alice, member):
    deactivate(as_alice, member("bob@acme.example").id)
    one = explained(acme, cast.CHAT)
    assert one.sentence == "Bob can’t open le Chat Team: deactivated in this workspace."
    assert failing(one)[0] == "Deactivated in this workspace"


def test_whose_access_has_ended_is_told_so_though_they_hold_a_seat(acme):
    lapse("bob@acme.example")
    one = explained(acme, cast.CHAT)
    assert one.sentence == "Bob can’t open le Chat Team: access has ended."
    assert failing(one) == ["Access has ended"]


def test_an_invitee_has_not_joined_and_then_is_too_late(acme, ask_to_join):
    ask_to_join("ada@new.example", products=[cast.CODE])
    one = explained(acme, who="ada@new.example", email="ada@new.example")
    assert one.sentence == "ada@new.example can’t open Mistral Code: the invitation hasn’t been accepted yet."
    assert failing(one) == ["Invitation pending"]
    lapse("ada@new.example")
    one = explained(acme, who="ada@new.example", email="ada@new.example")
    assert "the invitation has expired" in one.sentence
    assert failing(one) == ["Invitation pending", "The invitation has expired"]


def test_a_plan_without_seats_is_named(acme):
    downgrade(acme)
    one = explained(acme, cast.CHAT)
    assert one.sentence == "Bob can’t open le Chat Team: the Pro plan has no product seats."
    assert failing(one) == ["The Pro plan includes no seats"]


def test_nobody_knows_why_of_a_stranger(acme):
    assert explain_all(acme, "Eve", email="eve@acme.example") == []


def test_the_own_home_says_the_same_of_you(acme, bob, client_for):
    told = client_for(bob).get("/w/acme/").content.decode()
    for words in ("You can open le Chat Team.", "You have no Mistral Code seat (3 of 3 available).", "Why?"):
        assert words in told
    assert told.count("Has a seat") == 1
    assert told.count("Has no seat (3 of 3 available)") == 1


def test_the_own_home_names_the_plan_where_that_is_wrong(acme, bob, client_for):
    downgrade(acme)
    told = client_for(bob).get("/w/acme/").content.decode()
    assert "You can’t open le Chat Team: the Pro plan has no product seats." in told


def test_who_holds_a_seat_is_not_told_that_they_have_none(acme, bob, client_for):
    downgrade(acme)
    Product.objects.filter(slug=cast.CHAT).update(retired=True)
    told = client_for(bob).get("/w/acme/").content.decode()
    assert "You can’t open le Chat Team: the Pro plan has no product seats." in told
    assert "No products here" in told
    assert "Other products" in told
    assert "You don’t have a seat yet" not in told


HOME = 7
"""Statements: three to know who asks, their standing, the counts, the plan, the switcher."""


def test_the_home_costs_the_same_however_many_there_are(acme, bob, client_for, ask_to_join, django_assert_num_queries):
    client = client_for(bob)
    client.get("/w/acme/")
    with django_assert_num_queries(HOME):
        client.get("/w/acme/")
    ask_to_join(" ".join(f"p{n}@new.example" for n in range(30)))
    with django_assert_num_queries(HOME):
        client.get("/w/acme/")
