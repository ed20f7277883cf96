"""The front door."""

import pytest

from members.models import User

PASSWORD = "workspace-demo"


def sign_in(client, email: str, password: str = PASSWORD, **fields):
    return client.post("/", {"login": email, "password": password, **fields})


def test_the_root_is_the_sign_in_page_and_then_the_workspace(client, acme, bob):
    page = client.get("/")
    assert b"Sign in" in page.content
    assert sign_in(client, bob.email)["Location"] == "/"
    assert client.get("/")["Location"] == "/w/acme/"


def test_the_root_leads_to_the_workspace_last_used(client_for, acme, globex, alice):
    browser = client_for(alice)
    for slug in ("globex", "acme"):
        assert browser.get(f"/w/{slug}/").status_code == 200
        assert browser.get("/")["Location"] == f"/w/{slug}/"


def test_who_has_no_workspace_is_offered_to_create_one(client_for, person):
    browser = client_for(person("nina@new.example"))
    assert browser.get("/")["Location"] == "/workspaces/new/"


def test_support_without_a_workspace_is_led_to_the_admin(client_for, person):
    assert client_for(person("support@example.com", is_staff=True)).get("/")["Location"] == "/admin/"


def test_a_wrong_password_and_an_unknown_address_look_alike(client, bob):
    wrong = sign_in(client, bob.email, "wrong-password")
    unknown = sign_in(client, "nobody@new.example", "wrong-password")
    assert wrong.status_code == unknown.status_code == 200
    assert wrong.context["form"].errors == unknown.context["form"].errors


def test_capital_letters_in_the_address_do_not_matter(client, acme, bob):
    assert sign_in(client, "BOB@Acme.example")["Location"] == "/"


def test_guessing_passwords_is_slowed_down(client, bob):
    for _ in range(12):
        sign_in(client, bob.email, "wrong-password")
    assert b"Too many" in sign_in(client, bob.email).content
    assert "_auth_user_id" not in client.session


def test_a_closed_account_cannot_sign_in(client, bob):
    User.objects.filter(id=bob.id).update(is_active=False)
    sign_in(client, bob.email)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "goal",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http://127.0.0.1/",
        "http://localhost/",
        "//localhost/",
    ],
)
def test_the_way_on_stays_in_the_console(goal, client, acme, bob):
    assert sign_in(client, bob.email, next=goal)["Location"] == "/"


def test_signing_out_asks_and_needs_a_post(client_for, bob):
    browser = client_for(bob)
    assert browser.get("/accounts/logout/").status_code == 200
    assert "_auth_user_id" in browser.session
    assert browser.post("/accounts/logout/")["Location"] == "/"
    assert "_auth_user_id" not in browser.session


@pytest.mark.parametrize(
    "fields", [{"login": "\0", "password": "\0"}, {"login": "a" * 5000, "password": "b" * 9000}, {}]
)
def test_odd_input_is_answered(fields, client, db):
    assert client.post("/", fields).status_code == 200
