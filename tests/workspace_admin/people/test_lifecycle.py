"""Deactivate, reactivate, end dates and moving seats, as dialogs and as pages of their own."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats.lifecycle.services import deactivate, set_end
from billing_seats.models import Product
from members.clock import database_now, end_of, last_day
from members.models import Membership
from workspace_admin.demo import cast

DIALOG = {"HX-Target": "dialog#dialog"}
DAY = timedelta(days=1)


@pytest.fixture
def bob_row(acme, bob):
    """Bob's row, with a seat of le Chat Team."""
    return acme.memberships.get(user=bob)


@pytest.fixture
def away(as_alice, bob_row):
    """Bob, deactivated."""
    return deactivate(as_alice, bob_row.id)


@pytest.fixture
def lapsed(bob_row):
    """Bob, whose access ended yesterday."""
    Membership.objects.filter(id=bob_row.id).update(expires_at=Now() - DAY)
    bob_row.refresh_from_db()
    return bob_row


@pytest.fixture
def none_left(acme, ask_to_join):
    """Let somebody hold the only other seat of le Chat Team."""
    ask_to_join("taker@new.example", products=[cast.CHAT])
    acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=1)


def link(member, what):
    return f"/w/acme/members/{member.id}/{what}/"


def downgrade(acme):
    acme.subscription.plan = "free"
    acme.subscription.save()


def seats(member):
    return sorted(member.seats.values_list("product__slug", flat=True))


@pytest.mark.parametrize("what", ["deactivation", "end", "transfer", "removal"])
def test_nothing_changes_on_get(plain, bob_row, what):
    assert plain.get(link(bob_row, what)).status_code == 200
    bob_row.refresh_from_db()
    assert (bob_row.status, bob_row.expires_at, seats(bob_row)) == ("active", None, [cast.CHAT])


def test_deactivating_asks_first_and_names_what_is_lost(plain, bob_row):
    asked = plain.get(link(bob_row, "deactivation")).content.decode()
    for words in ("Deactivate Bob Keller?", "le Chat Team", "loses access to Acme immediately", "This frees up:"):
        assert words in asked
    told = plain.post(link(bob_row, "deactivation"), follow=True).content.decode()
    assert "Bob Keller was deactivated. Their seats are free." in told
    [row] = [row for row in plain.get("/w/acme/members/").context["rows"] if row.email == bob_row.email]
    assert (row.status_label, row.menu, [cell.held for cell in row.cells]) == (
        "Deactivated",
        "deactivated",
        [False] * 2,
    )


def test_the_last_admin_is_told_before_and_after_being_asked(plain, htmx, member):
    alice = member("alice@acme.example")
    for what in ("deactivation", "removal"):
        asked = htmx.get(link(alice, what), headers=DIALOG)
        assert (asked.status_code, b"only active Admin" in asked.content) == (409, True)
        response = htmx.post(link(alice, what))
        [row] = [row for row in response.context["rows"] if row.refused]
        assert (response.status_code, row.status, row.email) == (409, "active", alice.email)
    asked = plain.get("/w/acme/membership/departure/").content.decode()
    assert "only active Admin" in asked
    assert plain.post("/w/acme/membership/departure/").status_code == 409


def test_another_admin_may_be_deactivated_and_leaves(plain, as_alice, bob_row, member):
    Membership.objects.filter(id=bob_row.id).update(role="admin")
    assert b"only active Admin" not in plain.get("/w/acme/membership/departure/").content
    plain.post(link(member("alice@acme.example"), "deactivation"))
    assert member("alice@acme.example").status == "deactivated"


def test_reactivating_offers_the_seats_they_had_and_others(plain, away):
    asked = plain.get(link(away, "reactivation"))
    boxes = {box["seat"].slug: box for box in asked.context["form"].boxes}
    assert (boxes[cast.CHAT]["ticked"], boxes[cast.CHAT]["seat"].had) == (True, True)
    assert (boxes[cast.CODE]["ticked"], boxes[cast.CODE]["seat"].had) == (False, False)
    assert "ends_on" not in asked.context["form"].fields
    told = plain.post(link(away, "reactivation"), {"seats": [cast.CHAT, cast.CODE]}, follow=True).content.decode()
    assert "Bob Keller has access again, with a seat for: le Chat Team, Mistral Code." in told
    assert seats(away) == [cast.CHAT, cast.CODE]


@pytest.mark.parametrize(
    ("cause", "words"),
    [("none_left", "no seat left"), ("over", "1 over limit"), ("retired", "no longer sold"), ("plan", "this plan")],
)
def test_seats_that_are_gone_are_named_and_cannot_be_ticked(cause, words, request, plain, acme, away, as_alice):
    if cause == "retired":
        Product.objects.filter(slug=cast.CHAT).update(retired=True)
    elif cause == "plan":
        downgrade(acme)
    else:
        request.getfixturevalue("none_left")
    if cause == "over":
        acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=0)
    asked = plain.get(link(away, "reactivation"))
    [box] = [box for box in asked.context["form"].boxes if box["seat"].slug == cast.CHAT]
    assert (box["ticked"], box["off"]) == (False, True)
    assert words in box["seat"].words
    told = plain.post(link(away, "reactivation"), follow=True).content.decode()
    assert "Bob Keller has access again, without a seat." in told


def test_a_seat_that_went_meanwhile_is_told_in_the_dialog(htmx, away, none_left):
    response = htmx.post(link(away, "reactivation"), {"seats": [cast.CHAT]}, headers=DIALOG)
    assert response.status_code == 409
    assert "No le Chat Team seat is available." in response.content.decode()
    [box] = [box for box in response.context["form"].boxes if box["seat"].slug == cast.CHAT]
    assert (box["ticked"], box["off"]) == (True, False)
    away.refresh_from_db()
    assert away.status == "deactivated"
    response = htmx.post(link(away, "reactivation"), {}, headers=DIALOG)
    assert (response.status_code, response["HX-Retarget"]) == (200, "#people")


def test_a_product_that_is_not_on_offer_is_no_choice(plain, away):
    assert plain.post(link(away, "reactivation"), {"seats": ["another"]}).status_code == 400


def test_an_end_that_has_passed_is_moved_in_the_same_dialog(htmx, away):
    Membership.objects.filter(id=away.id).update(expires_at=Now() - DAY)
    asked = htmx.get(link(away, "reactivation"), headers=DIALOG).content.decode()
    assert "Their access ended on" in asked
    past = (database_now() - 2 * DAY).date()
    response = htmx.post(link(away, "reactivation"), {"ends_on": past, "seats": [cast.CHAT]}, headers=DIALOG)
    assert (response.status_code, list(response.context["form"].errors)) == (400, ["ends_on"])
    htmx.post(link(away, "reactivation"), {"ends_on": "2099-03-01", "seats": [cast.CHAT]}, headers=DIALOG)
    away.refresh_from_db()
    assert (away.status, away.expires_at.isoformat()) == ("active", "2099-03-02T00:00:00+00:00")


def test_who_is_active_already_is_not_asked_about(htmx, bob_row):
    assert htmx.get(link(bob_row, "reactivation"), headers=DIALOG).status_code == 409


def test_an_end_lasts_through_its_day_in_utc(plain, bob_row):
    told = plain.post(link(bob_row, "end"), {"ends_on": "2099-03-01"}, follow=True).content.decode()
    assert "Bob Keller has access through March 1, 2099." in told
    bob_row.refresh_from_db()
    assert bob_row.expires_at == end_of(last_day(bob_row.expires_at))
    assert last_day(bob_row.expires_at).isoformat() == "2099-03-01"
    assert 'value="2099-03-01"' in plain.get(link(bob_row, "end")).content.decode()
    plain.post(link(bob_row, "end"), {"ends_on": ""})
    bob_row.refresh_from_db()
    assert bob_row.expires_at is None


def test_today_is_a_day_that_access_can_end_on(plain, bob_row):
    plain.post(link(bob_row, "end"), {"ends_on": database_now().date()})
    bob_row.refresh_from_db()
    assert bob_row.expires_at > database_now()


@pytest.mark.parametrize("day", ["1999-01-01", "3000-01-01", "9999-12-31", "soon", "\0", "01/03/2099"])
def test_a_day_that_cannot_be_is_told_beside_its_field(plain, bob_row, day):
    response = plain.post(link(bob_row, "end"), {"ends_on": day})
    assert (response.status_code, list(response.context["form"].errors)) == (400, ["ends_on"])


def test_an_admins_dialog_says_why_there_is_no_end(htmx, member):
    alice = member("alice@acme.example")
    asked = htmx.get(link(alice, "end"), headers=DIALOG).content.decode()
    assert "An Admin&#x27;s access can&#x27;t have an end date." in asked
    assert "Last day of access" not in asked
    assert htmx.post(link(alice, "end"), {"ends_on": "2099-03-01"}, headers=DIALOG).status_code == 400


def test_extending_takes_the_seats_again(plain, lapsed):
    asked = plain.get(link(lapsed, "end"))
    assert [box["seat"].slug for box in asked.context["form"].boxes] == [cast.CHAT]
    plain.post(link(lapsed, "end"), {"ends_on": "", "seats": [cast.CHAT]})
    lapsed.refresh_from_db()
    assert (lapsed.status, lapsed.expires_at, seats(lapsed)) == ("active", None, [cast.CHAT])


def test_extending_says_which_seats_are_gone_and_works_without_them(plain, lapsed, none_left):
    asked = plain.get(link(lapsed, "end")).content.decode()
    assert "no seat left" in asked
    refused = plain.post(link(lapsed, "end"), {"ends_on": "", "seats": [cast.CHAT]})
    assert (refused.status_code, "No le Chat Team seat is available." in refused.content.decode()) == (409, True)
    plain.post(link(lapsed, "end"), {"ends_on": ""})
    lapsed.refresh_from_db()
    assert (lapsed.status, lapsed.expires_at, seats(lapsed)) == ("active", None, [])


def test_a_guests_row_says_when_access_ends_and_ended(plain, as_alice, bob_row, acme):
    set_end(as_alice, bob_row.id, database_now() + 5 * DAY + timedelta(hours=1))
    assert "Access ends in 5 days" in plain.get("/w/acme/members/").content.decode().replace("\xa0", " ")
    Membership.objects.filter(id=bob_row.id).update(expires_at=Now() - 2 * DAY)
    told = plain.get("/w/acme/members/").content.decode().replace("\xa0", " ")
    assert "Access ended 2 days ago" in told
    assert "Lapsed" in told


@pytest.mark.parametrize("what", ["deactivation", "reactivation", "end"])
def test_an_invitee_is_none_of_these(what, htmx, ask_to_join, member):
    ask_to_join("ada@new.example")
    asked = htmx.get(link(member("ada@new.example"), what), headers=DIALOG)
    assert (asked.status_code, b"has not joined yet" in asked.content) == (409, True)
    assert htmx.post(link(member("ada@new.example"), what)).status_code == 409
