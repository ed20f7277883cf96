"""Signing up, confirming the address, and not telling who has an account."""

import re

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.utils import translation

from members.models import AccountMail, User

COMMON = "This password is too common. Choose one that is harder to guess."
NINA = {"name": "Nina New", "email": "Nina@new.example", "password1": "a-long-secret-7"}


def test_signing_up_confirming_and_signing_in(client, db, sent, link_in):
    assert client.post("/accounts/signup/", NINA)["Location"] == "/accounts/confirm-email/"
    nina = User.objects.get(email="nina@new.example")
    assert (nina.name, nina.language, nina.email_verified) == ("Nina New", "en", False)

    [message] = sent()
    assert message.to == ["nina@new.example"]
    page = client.get(link_in(message))
    assert b"Confirm that" in page.content
    assert not User.objects.get(id=nina.id).email_verified
    client.post(link_in(message))
    assert User.objects.get(id=nina.id).email_verified
    assert sent() == []

    client.post("/", {"login": nina.email, "password": NINA["password1"]})
    assert client.get("/")["Location"] == "/workspaces/new/"


def test_an_unconfirmed_account_cannot_sign_in(client, db):
    client.post("/accounts/signup/", NINA)
    client.cookies.clear()
    answer = client.post("/", {"login": "nina@new.example", "password": NINA["password1"]})
    assert answer["Location"] == "/accounts/confirm-email/"
    assert "_auth_user_id" not in client.session


def test_signing_up_with_a_known_address_looks_the_same_and_tells_its_owner(client, bob, sent):
    answer = client.post("/accounts/signup/", {**NINA, "email": bob.email})
    assert answer["Location"] == "/accounts/confirm-email/"
    assert User.objects.filter(email=bob.email).count() == 1
    [message] = sent()
    assert message.to == [bob.email]
    assert AccountMail.objects.get().kind == "account_exists"
    assert User.objects.get(id=bob.id).check_password("workspace-demo")


class Counting(Argon2PasswordHasher):
    """Argon2, which counts how often it is asked for its slow work."""

    algorithm = "counting"
    done = 0

    def encode(self, password: str, salt: str) -> str:
        Counting.done += 1
        return super().encode(password, salt)


def test_signing_up_takes_as_long_with_a_known_address(client, bob, settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting", *settings.PASSWORD_HASHERS]
    work = []
    for email in ("nobody@new.example", bob.email, bob.email):
        Counting.done = 0
        client.post("/accounts/signup/", {**NINA, "email": email})
        work.append(Counting.done)
    assert work == [1, 1, 1]


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "Nina\u202eEve"},
        {"name": "x" * 101},
        {"email": "nina@new"},
        {"email": "ninа@new.example"},
        {"email": "a" * 300 + "@new.example"},
        {"password1": "12345678"},
        {"password1": "short"},
    ],
)
def test_bad_input_is_said_and_makes_no_account(change, client, db):
    page = client.post("/accounts/signup/", {**NINA, **change})
    assert page.status_code == 200
    assert page.context["form"].errors
    assert not User.objects.exists()


def test_what_a_password_must_be_is_one_sentence_and_errors_are_plain(client, db):
    page = client.get("/accounts/signup/")
    assert "At least 8 characters, not only digits, and not easy to guess." in page.content.decode()
    assert b"<ul><li>" not in page.content
    wrong = {"password1": ["Use at least 8 characters.", "Don’t use only digits.", COMMON]}
    assert client.post("/accounts/signup/", {**NINA, "password1": "12345"}).context["form"].errors == wrong
    own = client.post("/accounts/signup/", {**NINA, "password1": "nina@new.example"})
    assert own.context["form"].errors == {"password1": ["Don’t use your name or email address as your password."]}


@pytest.mark.parametrize("path", ["/", "/accounts/signup/", "/accounts/login/"])
def test_a_password_can_be_shown(client, db, path):
    """Script takes away ``hidden``; without it the button does nothing, and is not there."""
    page = client.get(path).content.decode()
    [button] = re.findall(r"<button[^>]*data-shows-password[^>]*>", page)
    [field] = re.findall(r"<input[^>]*type=.password.[^>]*>", page)
    [controls] = re.findall(r'aria-controls="(\w+)"', button)
    assert f'id="{controls}"' in field
    assert 'aria-pressed="false"' in button
    assert re.search(r'<span class="vh">\s*Show password\s*</span>', page)
    assert button.rstrip(">").rstrip().endswith("hidden")


def test_the_mail_speaks_the_pages_language_and_holds_no_secret(client, db, sent):
    with translation.override("fr"):
        client.post("/accounts/signup/", NINA, headers={"Accept-Language": "fr"})
    mail = AccountMail.objects.get()
    assert (mail.language, mail.state) == ("fr", "queued")
    stored = " ".join(str(getattr(mail, field.attname)) for field in AccountMail._meta.fields)
    [message] = sent()
    assert "confirm-email" in message.body
    assert "confirm-email" not in stored


def test_every_try_carries_the_same_link(client, db, sent, link_in):
    client.post("/accounts/signup/", NINA)
    assert link_in(sent()[0]) == link_in(sent()[0])
    assert sent()[0].extra_headers["Message-ID"] == sent()[0].extra_headers["Message-ID"]


def test_several_addresses_for_one_account_are_not_on_offer(client_for, bob):
    browser = client_for(bob)
    browser.post("/accounts/email/", {"action_add": "", "email": "bob2@new.example"})
    assert bob.emailaddress_set.count() == 1
