"""The help page's five steps, and what people do next, in Chromium against real servers."""

import signal
import time
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import follow, until

pytestmark = pytest.mark.browser
ANSWERS_WITHIN = 2.0
"""Seconds, the broker away: what the specification promises, not a measure of speed."""


def row(page, address):
    return page.get_by_role("row").filter(has_text=address)


def invite(page, address, role="Member", products=()):
    follow(page, "Members")
    page.get_by_text("+ Invite member").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Email").fill(address)
    dialog.get_by_label("Role").select_option(label=role)
    for product in products:
        dialog.get_by_role("checkbox", name=product).check()
    dialog.get_by_role("button", name="Invite member").click()
    expect(dialog).to_be_hidden()


def menu(page, address):
    row(page, address).get_by_role("button", name="Actions").click()


def test_the_five_steps_of_the_help_page(console, sign_in, browser):
    page = sign_in("alice@acme.example")
    invite(page, "ada@example.com", "Billing", ["le Chat Team", "Mistral Code"])
    expect(row(page, "ada@example.com")).to_contain_text("Invited")

    menu(page, "ada@example.com")
    expect(page.get_by_role("menuitem", name="Resend invite")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Revoke invite")).to_be_visible()
    page.keyboard.press("Escape")

    link = console.link("ada@example.com")
    guest = browser.new_context(base_url=console.url).new_page()
    guest.goto(link)
    assert link.rsplit("/", 2)[1] not in guest.url
    for words in ("Acme", "Alice Martin", "Billing", "le Chat Team", "Mistral Code"):
        expect(guest.locator("main")).to_contain_text(words)
    guest.get_by_label("Name").fill("Ada Lovelace")
    guest.get_by_label("Password").fill("analytical-engine")
    guest.get_by_role("button", name="Join").click()
    guest.wait_for_url("**/w/acme/")
    expect(guest.locator("main")).to_contain_text("Mistral Code")

    page.reload()
    expect(row(page, "Ada Lovelace")).to_contain_text("Active")
    guest.goto(link)
    guest.wait_for_url("**/w/acme/")
    letter = until(lambda: console.letters("alice@acme.example"), "the inviter to be told")[-1]
    assert "Ada Lovelace" in letter["Subject"]
    guest.context.close()


def test_revoking_kills_the_link_even_in_an_open_form(console, sign_in, browser):
    page = sign_in("alice@acme.example")
    invite(page, "rex@example.com")
    guest = browser.new_context(base_url=console.url).new_page()
    guest.goto(console.link("rex@example.com"))
    guest.get_by_label("Name").fill("Rex")
    guest.get_by_label("Password").fill("analytical-engine")

    page.bring_to_front()
    menu(page, "rex@example.com")
    page.get_by_role("menuitem", name="Revoke invite").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke invite").click()
    expect(row(page, "rex@example.com")).to_have_count(0)

    guest.get_by_role("button", name="Join").click()
    expect(guest.get_by_label("Name")).to_have_count(0)
    expect(guest.get_by_role("button", name="Join")).to_have_count(0)
    guest.context.close()


def test_refused_addresses_stay_in_the_field_with_their_reason(sign_in):
    page = sign_in("alice@acme.example")
    follow(page, "Members")
    page.get_by_text("+ Invite member").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Email").fill("bob@acme.example, fresh@example.com; nonsense")
    dialog.get_by_role("button", name="Invite member").click()
    expect(dialog).to_contain_text("already a member")
    expect(dialog).to_contain_text("not a valid email address")
    field = dialog.get_by_label("Email").input_value()
    assert "bob@acme.example" in field
    assert "nonsense" in field
    assert "fresh@example.com" not in field
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Discard what you entered?").get_by_role("button", name="Discard").click()
    expect(row(page, "fresh@example.com")).to_contain_text("Invited")


def test_a_bounced_address_is_fixed_and_released_where_it_is_refused(sign_in):
    page = sign_in("alice@acme.example")
    follow(page, "Members")
    row(page, "typo@acme.example").get_by_text("Fix address").click()
    page.get_by_role("dialog").get_by_label("Correct address").fill("no-typo@acme.example")
    page.get_by_role("dialog").get_by_role("button", name="Send new invitation").click()
    expect(row(page, "no-typo@acme.example")).to_contain_text("Invited")

    page.get_by_text("+ Invite member").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Email").fill("typo@acme.example")
    dialog.get_by_role("button", name="Invite member").click()
    dialog.get_by_role("button", name="Send to typo@acme.example anyway").click()
    expect(dialog).to_contain_text("Emails can be sent to this address again.")
    dialog.get_by_role("button", name="Invite member").click()
    expect(dialog).to_be_hidden()
    expect(row(page, "typo@acme.example").filter(has_not_text="no-typo")).to_contain_text("Invited")


def test_with_the_broker_away_inviting_answers_and_the_mail_leaves_later(console, sign_in):
    page = sign_in("alice@acme.example")
    broker = console.broker()
    broker.send_signal(signal.SIGSTOP)
    try:
        page.goto("/w/acme/members/invite/")
        page.get_by_label("Email").fill("patient@example.com")
        started = time.monotonic()
        with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
            page.get_by_role("button", name="Invite member").click()
        assert answered.value.status == 302
        assert time.monotonic() - started < ANSWERS_WITHIN
        expect(row(page, "patient@example.com")).to_contain_text("Invited")
    finally:
        broker.send_signal(signal.SIGCONT)
    assert console.link("patient@example.com")
    assert len(console.letters("patient@example.com")) == 1


def test_moments_are_shown_in_the_readers_time_zone(console, browser):
    assert console.link("henri@acme.example")
    page = browser.new_context(base_url=console.url, timezone_id="Pacific/Kiritimati").new_page()
    page.goto("/dev/mailbox/")
    shown = page.locator("time[data-local]").first
    there = datetime.fromisoformat(shown.get_attribute("datetime")) + timedelta(hours=14)
    expect(shown).to_contain_text(f"{there:%-I:%M}")
    expect(shown).to_contain_text(f"{there:%p}")
    page.context.close()


def test_the_main_path_works_without_javascript(console, browser):
    plain = browser.new_context(base_url=console.url, java_script_enabled=False)
    page = plain.new_page()
    page.goto("/")
    page.get_by_label("Email").fill("alice@acme.example")
    page.get_by_label("Password").fill("workspace-demo")
    page.get_by_role("button", name="Sign in").click()
    follow(page, "Members")
    page.get_by_text("+ Invite member").click()
    page.get_by_label("Email").fill("plain@example.com")
    page.get_by_role("button", name="Invite member").click()
    expect(row(page, "plain@example.com")).to_contain_text("Invited")

    guest = browser.new_context(base_url=console.url, java_script_enabled=False).new_page()
    guest.goto(console.link("plain@example.com"))
    guest.get_by_label("Name").fill("Plain Jane")
    guest.get_by_label("Password").fill("analytical-engine")
    guest.get_by_role("button", name="Join").click()
    expect(guest).to_have_url(f"{console.url}/w/acme/")
    page.reload()
    expect(row(page, "Plain Jane")).to_contain_text("Active")
    guest.context.close()
    plain.close()
