"""What support staff are shown before a change that somebody would miss."""

import pytest

from billing_seats.models import Subscription
from invitations.inviting import invite
from members.models import AuditEvent
from tests.workspace_admin.support.pages import REASON, SAM, page, said

NUMBER = {"purchased": 0, "reason": REASON}


@pytest.fixture
def pool(acme):
    return acme.seat_pools.get(product__slug="le-chat-team")


@pytest.fixture
def url(pool):
    return page("billing_seats_seatpool", pool.pk)


@pytest.fixture
def bobs_row(acme, bob):
    return acme.memberships.get(user=bob)


def confirmed(response, **more):
    """What the preview's form sends."""
    shown = response.context["preview"].shown
    return {**NUMBER, "confirmed": "1", "shown_purchased": shown.purchased, "shown_over": shown.over_assigned, **more}


def bought(pool):
    pool.refresh_from_db()
    return pool.purchased, pool.assigned


def test_fewer_seats_than_are_in_use_are_previewed_first(client_for, sam, pool, url, bobs_row):
    response = client_for(sam).post(url, NUMBER)
    assert "le Chat Team is over its limit by 1 seat." in response.content.decode()
    assert [holder.id for holder in response.context["preview"].holders] == [bobs_row.id]
    assert bought(pool) == (10, 1)


def test_confirmed_without_a_name_nobody_loses_a_seat(client_for, sam, pool, url):
    client = client_for(sam)
    client.post(url, confirmed(client.post(url, NUMBER)))
    assert bought(pool) == (0, 1)
    event = AuditEvent.objects.get(action="subscription.changed", actor_id=sam.id)
    assert (event.actor_label, event.reason, event.changes) == (SAM, REASON, {"le-chat-team": [10, 0]})


def test_the_seats_that_were_ticked_are_taken_in_the_same_step(client_for, sam, pool, url, bobs_row):
    client = client_for(sam)
    client.post(url, confirmed(client.post(url, NUMBER), take_from=[bobs_row.id]))
    assert bought(pool) == (0, 0)
    assert AuditEvent.objects.filter(action="seat.taken", actor_id=sam.id, reason=REASON).exists()


def test_what_was_changed_meanwhile_is_not_overwritten(client_for, sam, pool, url, as_alice):
    client = client_for(sam)
    asked = confirmed(client.post(url, NUMBER))
    invite(as_alice, ["late@example.com"], products=["le-chat-team"])
    [words] = said(client.post(url, asked, follow=True))
    assert "changed since you opened it" in words
    assert bought(pool) == (10, 2)


def test_a_confirmation_that_shows_no_preview_changes_nothing(client_for, sam, pool, url, bobs_row):
    client = client_for(sam)
    for forged in ({}, {"shown_purchased": "10", "shown_over": "x"}, {"take_from": [bobs_row.id]}):
        client.post(url, {**NUMBER, "confirmed": "1", **forged})
    assert bought(pool) == (10, 1)


def test_enough_seats_are_sold_without_a_preview(client_for, sam, pool, url):
    assert client_for(sam).post(url, {**NUMBER, "purchased": 1}).status_code == 302
    assert bought(pool) == (1, 1)


def test_without_a_reason_there_is_neither_preview_nor_change(client_for, sam, pool, url):
    response = client_for(sam).post(url, {"purchased": 0, "reason": " "})
    assert "preview" not in response.context
    assert bought(pool) == (10, 1)


@pytest.mark.parametrize("values", [NUMBER, {**NUMBER, "confirmed": "1", "shown_purchased": 10, "shown_over": 1}])
def test_view_only_staff_neither_see_the_preview_nor_get_past_it(client_for, vera, pool, url, values):
    assert client_for(vera).post(url, values).status_code == 403
    assert bought(pool) == (10, 1)


def test_a_plan_without_seats_warns_with_numbers_first(client_for, sam, acme, as_alice):
    invite(as_alice, ["ada@example.com"], products=["le-chat-team"])
    client, url = client_for(sam), page("billing_seats_subscription", acme.subscription.pk)
    response = client.post(url, {"plan": "free", "reason": REASON})
    text = response.content.decode()
    assert "1 pending invitation is kept" in text
    assert "1 person can no longer open the products" in text
    assert Subscription.objects.get(workspace=acme).plan == "team"
    client.post(url, {"plan": "free", "reason": REASON, "confirmed": "1"})
    assert Subscription.objects.get(workspace=acme).plan == "free"


def test_a_larger_plan_needs_no_preview(client_for, sam, acme):
    url = page("billing_seats_subscription", acme.subscription.pk)
    assert client_for(sam).post(url, {"plan": "enterprise", "reason": REASON}).status_code == 302
