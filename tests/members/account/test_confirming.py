"""Somebody signs up with another's address: its owner confirms nothing for them, and takes the account."""

import pytest
from django.test import Client

from invitations.inviting import invite
from invitations.join.services import accept_as_new_person
from invitations.offers import offer_from_session
from members.account import confirmation
from members.models import User
from tests.members.account.test_sign_up import NINA

EMAIL, PASSWORD = "nina@new.example", NINA["password1"]
OWN = "the-owners-secret-9"


@pytest.fixture
def first(db):
    """The browser that signed up."""
    browser = Client()
    browser.post("/accounts/signup/", NINA)
    return browser


@pytest.fixture
def link(first, sent, link_in):
    return link_in(sent()[-1])


@pytest.fixture
def other(link):
    """Another browser, of whoever reads the mailbox."""
    return Client()


def verified():
    return User.objects.get(email=EMAIL).email_verified


def signs_in(browser, password):
    browser.post("/", {"login": EMAIL, "password": password})
    return "_auth_user_id" in browser.session


def set_password(browser, sent, link_in):
    """Do as the page offers: ask for a link, follow it, and choose a password."""
    browser.post("/accounts/password/reset/", {"email": EMAIL})
    page = browser.get(link_in(sent()[-1]), follow=True).redirect_chain[-1][0]
    assert browser.post(page, {"password1": OWN, "password2": OWN}).status_code == 302


def test_where_somebody_signed_up_the_link_confirms(first, link):
    page = first.get(link)
    assert b'type="password"' not in page.content
    assert first.post(link)["Location"] == "/"
    assert verified()
    assert first.session["_auth_user_id"] == str(User.objects.get(email=EMAIL).id)
    assert first.get("/profile/address/")["Location"].startswith("/accounts/reauthenticate/"), "no fresh proof"


def test_elsewhere_it_asks_for_the_password(other, link):
    page = other.get(link)
    assert b'type="password"' in page.content
    assert b"Forgot your password" not in page.content, "the page offers a new password in a way of its own"
    assert other.post(link, {"password": PASSWORD})["Location"] == "/"
    assert verified()
    assert other.session["_auth_user_id"] == str(User.objects.get(email=EMAIL).id)


@pytest.mark.parametrize("fields", [{}, {"password": ""}, {"password": "a-wrong-secret-1"}, {"password": "\0"}])
def test_without_it_nothing_is_confirmed(fields, other, first, link):
    page = other.post(link, fields)
    assert page.status_code == 200
    assert page.context["form"].errors
    assert b"Set a new password" in page.content
    assert not verified()
    assert not signs_in(first, PASSWORD)


def test_guessing_is_slowed_down_together_with_signing_in(other, link):
    for _ in range(5):
        other.post(link, {"password": "a-wrong-secret-1"})
    assert b"Too many" in other.post(link, {"password": PASSWORD}).content
    assert not verified()
    assert b"Too many" in other.post("/", {"login": EMAIL, "password": PASSWORD}).content


def test_where_the_password_was_given_to_sign_in_the_link_confirms(other, link):
    assert not signs_in(other, PASSWORD)
    other.post(link)
    assert verified()


def test_a_browser_forgets_when_the_password_changes(first, link):
    nina = User.objects.get(email=EMAIL)
    nina.set_password(OWN)
    nina.save()
    first.post(link)
    assert not verified()


def test_support_confirms_an_account_made_by_hand(db, sent, link_in):
    User.objects.create_superuser(EMAIL, PASSWORD)
    browser = Client()
    assert not signs_in(browser, PASSWORD)
    browser.post(link_in(sent()[-1]))
    assert signs_in(browser, PASSWORD)


def test_the_owner_takes_the_account_by_a_new_password(other, first, link, sent, link_in):
    set_password(other, sent, link_in)
    assert verified()
    assert not signs_in(first, PASSWORD)
    assert signs_in(other, OWN)
    for browser in (first, Client()):
        page = browser.post(link, {"password": PASSWORD})
        assert b"no longer works" in page.content


def test_an_owner_who_signs_up_too_takes_the_account_as_well(other, first, link, sent, link_in):
    other.post("/accounts/signup/", {**NINA, "password1": OWN})
    other.post(link)
    other.post(link, {"password": OWN})
    assert not verified(), "the password is the first one's"
    set_password(other, sent, link_in)
    assert signs_in(other, OWN)
    assert not signs_in(first, PASSWORD)


def test_one_who_signed_up_first_stays_out_when_the_owner_joins(first, other, link, as_alice):
    [answer] = invite(as_alice, [EMAIL])
    offer = offer_from_session(answer.invitation.id, answer.invitation.generation)
    accept_as_new_person(offer, name="Nina Owner", password=OWN, language="en")
    for path in ("/", "/accounts/login/", "/accounts/confirm-email/", "/accounts/signup/", "/profile/", link):
        first.get(path)
        assert "_auth_user_id" not in first.session
    first.post(link)
    assert "_auth_user_id" not in first.session
    assert not signs_in(first, PASSWORD)
    assert signs_in(other, OWN)


def test_one_who_signed_up_first_stays_out_when_the_owner_sets_a_password(first, other, link, sent, link_in):
    set_password(other, sent, link_in)
    assert not confirmation.remembered(first.session, User.objects.get(email=EMAIL))
    for path in ("/", "/accounts/login/", "/accounts/confirm-email/", "/accounts/signup/", "/profile/", link):
        first.get(path)
        assert "_auth_user_id" not in first.session


def test_opening_a_link_signs_nobody_out(link, client_for, bob, sent, link_in):
    browser = client_for(bob)
    browser.get(link)
    browser.post("/accounts/password/reset/", {"email": EMAIL})
    reset = link_in(sent()[-1])
    page = browser.get(reset, follow=True).redirect_chain[-1][0]
    assert browser.session["_auth_user_id"] == str(bob.id)
    browser.post(page, {"password1": OWN, "password2": OWN})
    assert "_auth_user_id" not in browser.session
    assert signs_in(browser, OWN)


def test_a_dead_link_says_so_however_it_is_asked(client, db):
    for ask in (client.get, client.head, client.post):
        assert ask("/accounts/confirm-email/MQ:1abc:def/").status_code == 200
    assert b"no longer works" in client.post("/accounts/confirm-email/MQ:1abc:def/").content


def test_the_page_is_kept_by_no_cache(other, link):
    assert "no-store" in other.get(link)["Cache-Control"]


def test_a_known_address_leaves_the_same_cookies(db, bob):
    cookies = []
    for email in ("nobody@new.example", bob.email):
        browser = Client()
        browser.post("/accounts/signup/", {**NINA, "email": email})
        cookies.append({(name, len(morsel.value)) for name, morsel in browser.cookies.items() if "session" in name})
    assert cookies[0] == cookies[1] != set()
