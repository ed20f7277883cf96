"""What a form that was open for a while may still do."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from invitations.models import Invitation
from invitations.services import resend, revoke
from members.models import User
from workspace_admin.demo import cast

FIELDS = {"name": "Zoe", "password": "a-long-secret-7"}


def test_declining_asks_once_more_and_frees_the_seat(offer, holder, acme, seats_of):
    held = seats_of(acme).held
    browser = holder()
    browser.open(offer)
    assert b"Decline the invitation?" in browser.client.get("/join/decline/").content
    assert seats_of(acme).held == held
    page = browser.send("/join/decline/", offer)
    assert b"Invitation declined" in page.content
    assert seats_of(acme).held == held - 1
    assert Invitation.objects.get(id=offer.id).status == "declined"
    assert browser.client.get("/join/").status_code == 404


@pytest.mark.parametrize("path", ["/join/", "/join/decline/", "/join/new-link/"])
def test_a_form_of_another_tab_is_shown_anew(path, invited, holder, acme):
    first, second = invited("zoe@new.example"), invited("max@new.example", products=[cast.CODE])
    browser = holder()
    browser.open(first)
    browser.open(second)
    page = browser.send(path, first, **FIELDS)
    assert page.status_code == 409
    assert b"another invitation" in page.content
    assert b"max@new.example" in page.content
    assert acme.memberships.invited().filter(email__in=["zoe@new.example", "max@new.example"]).count() == 2
    assert browser.join(second, **FIELDS).status_code == 302


@pytest.mark.parametrize("path", ["/join/", "/join/decline/", "/join/new-link/"])
@pytest.mark.parametrize("end", [revoke, resend])
def test_an_open_form_dies_with_its_link(path, end, offer, holder, as_alice):
    browser = holder()
    browser.open(offer)
    Invitation.objects.filter(id=offer.id).update(sent_at="2026-01-01T00:00Z")
    end(as_alice, offer.id)
    page = browser.send(path, offer, **FIELDS)
    assert page.status_code == 404
    assert b"Acme" not in page.content
    assert not User.objects.filter(email=offer.email).exists()


@pytest.mark.parametrize("fields", [{}, {"invitation": "x", "generation": "y"}, {"invitation": "\0"}])
def test_a_form_without_the_offers_id_is_shown_anew(fields, offer, holder):
    browser = holder()
    browser.open(offer)
    assert browser.client.post("/join/", {**FIELDS, **fields}).status_code == 409
    assert not User.objects.filter(email=offer.email).exists()


def test_joining_twice_leads_to_the_workspace_both_times(invited, holder, dana, acme):
    offer = invited(dana.email)
    browser = holder(dana)
    browser.open(offer)
    held = browser.client.session["join"]
    assert browser.join(offer)["Location"] == "/w/acme/"
    session = browser.client.session
    session["join"] = held
    session.save()
    assert browser.join(offer)["Location"] == "/w/acme/"
    assert acme.memberships.filter(user=dana).count() == 1


def test_every_form_asks_for_a_csrf_token(offer, holder):
    browser = holder()
    browser.client = Client(enforce_csrf_checks=True)
    browser.open(offer)
    for path in ("/join/", "/join/decline/", "/join/new-link/", "/join/switch/"):
        assert browser.send(path, offer, **FIELDS).status_code == 403
    assert not User.objects.filter(email=offer.email).exists()


def test_a_second_submit_by_the_session_that_joined_leads_to_the_workspace(offer, holder):
    browser = holder()
    browser.open(offer)
    assert [browser.join(offer, **FIELDS)["Location"] for _ in range(2)] == ["/w/acme/", "/w/acme/"]
    assert User.objects.filter(email=offer.email).count() == 1


def test_a_second_submit_with_the_cookies_from_before_lets_the_new_person_in(offer, holder):
    browser = holder()
    browser.open(offer)
    before = browser.client.cookies.copy()
    browser.join(offer, **FIELDS)
    browser.client.cookies = before
    assert browser.join(offer, **FIELDS)["Location"] == "/w/acme/"
    assert browser.client.get("/w/acme/").status_code == 200


@pytest.fixture
def joined_by_cookie(invited, holder, dana):
    """Dana, who is signed in, joins; her browser has lost the answer, and with it the new key of her session."""
    offer, browser = invited(dana.email), holder(dana)
    browser.open(offer)
    before = browser.client.cookies.copy()
    browser.join(offer)
    browser.client.cookies = before
    return offer, browser


def test_a_second_submit_with_the_cookie_from_before_leads_a_member_in(joined_by_cookie, acme, dana):
    offer, browser = joined_by_cookie
    assert not list(browser.client.session.items())
    assert browser.join(offer)["Location"] == "/w/acme/"
    assert browser.client.get("/w/acme/").status_code == 200
    assert acme.memberships.filter(user=dana).count() == 1


@pytest.mark.parametrize("what", ["another invitation", "another cookie", "a minute later", "signed out"])
def test_a_second_submit_leads_nobody_else_in(what, joined_by_cookie, invited, holder, dana, erin):
    offer, browser = joined_by_cookie
    if what == "another invitation":
        offer = invited("max@new.example")
        Invitation.objects.filter(id=offer.id).update(status="accepted", accepted_by=dana.id, accepted_at=Now())
    elif what == "another cookie":
        browser = holder(erin)
    elif what == "a minute later":
        Invitation.objects.filter(id=offer.id).update(accepted_at=Now() - timedelta(minutes=1))
    else:
        dana.sessions.all().delete()
    assert browser.join(offer).status_code == 404
    assert browser.client.get("/w/acme/").status_code != 200


@pytest.mark.parametrize("change", [{"password": "another-secret-7"}, {"password": ""}, {"invitation": "x"}])
def test_a_second_submit_that_proves_nothing_shows_the_neutral_page(change, offer, holder):
    browser, stranger = holder(), holder()
    browser.open(offer)
    browser.join(offer, **FIELDS)
    sent = {"invitation": str(offer.id), "generation": "1", **FIELDS, **change}
    assert stranger.client.post("/join/", sent).status_code == 404
    assert "_auth_user_id" not in stranger.client.session


def test_a_submit_long_after_joining_lets_nobody_in(offer, holder):
    browser, late = holder(), holder()
    browser.open(offer)
    browser.join(offer, **FIELDS)
    Invitation.objects.filter(id=offer.id).update(accepted_at="2026-01-01T00:00Z")
    assert late.join(offer, **FIELDS).status_code == 404
