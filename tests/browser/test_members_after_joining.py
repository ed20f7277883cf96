"""Members after joining, in Chromium: deactivate, reactivate with a seat gone, move one, the drawer and its "Why?"."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_accessibility import check_clean
from tests.browser.test_main_job import menu, row

pytestmark = pytest.mark.browser
CODE = "Mistral Code"


def choose(page, address, item):
    menu(page, address)
    page.get_by_role("menuitem", name=item).click()
    expect(page.get_by_role("dialog")).to_be_visible()


def switch(page, address):
    return row(page, address).get_by_role("checkbox", name=CODE)


def confirm(page, name):
    page.get_by_role("dialog").get_by_role("button", name=name).click()
    expect(page.locator("#dialog")).to_be_hidden()


def use_up(page, *addresses):
    """Give the seats that are left to these people; answer those who got one."""
    got = []
    for address in addresses:
        if page.get_by_role("columnheader", name=re.compile(f"{CODE} 0 of")).count():
            break
        if not switch(page, address).is_checked():
            switch(page, address).click()
            expect(page.locator("#toasts")).to_contain_text("has a seat of")
            page.reload()
            got.append(address)
    expect(page.get_by_role("columnheader", name=re.compile(f"{CODE} 0 of"))).to_be_visible()
    return got


@pytest.fixture
def members(sign_in):
    page = sign_in("alice@acme.example")
    page.goto("/w/acme/members/")
    return page


@pytest.fixture
def frank_away(members):
    """Frank, deactivated; he comes back after."""
    choose(members, "frank@", "Deactivate")
    expect(members.get_by_role("dialog")).to_contain_text(CODE)
    confirm(members, "Deactivate")
    expect(row(members, "frank@")).to_contain_text("Deactivated")
    yield members
    members.goto("/w/acme/members/")
    if row(members, "frank@").filter(has_text="Deactivated").count():
        choose(members, "frank@", "Reactivate…")
        confirm(members, "Reactivate")


def test_a_deactivated_member_comes_back_with_a_seat_gone_and_gets_one_from_someone(frank_away):
    page = frank_away
    expect(row(page, "frank@").get_by_role("button", name="Actions")).to_be_focused()
    expect(page.locator("#toasts")).to_contain_text("was deactivated.")
    got = use_up(page, "carol@", "grace@", "bob@", "alice@")

    choose(page, "frank@", "Reactivate…")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("checkbox", name=CODE)).to_be_disabled()
    expect(dialog.get_by_role("checkbox", name="le Chat Team")).to_be_checked()
    expect(dialog).to_contain_text("no seat left")
    confirm(page, "Reactivate")
    expect(row(page, "frank@")).to_contain_text("Active")
    expect(switch(page, "frank@")).not_to_be_checked()

    switch(page, "frank@").click()
    expect(row(page, "frank@")).to_contain_text("No Mistral Code seat is available.")
    expect(switch(page, "frank@")).not_to_be_checked()
    row(page, "frank@").get_by_role("link", name="Reassign a seat…").click()
    page.get_by_role("dialog").get_by_role("searchbox").fill("carol")
    expect(page.get_by_role("dialog").get_by_role("radio")).to_have_count(1)
    page.get_by_role("dialog").get_by_role("radio").check()
    confirm(page, "Move seat")
    expect(switch(page, "frank@")).to_be_checked()
    expect(switch(page, "carol@")).not_to_be_checked()
    for address in set(got) - {"carol@"}:
        switch(page, address).click()
        expect(switch(page, address)).not_to_be_checked()


def test_giving_up_the_admin_role_is_asked_first(members):
    own = row(members, "alice@").get_by_role("combobox")
    own.select_option(label="Billing")
    dialog = members.get_by_role("dialog")
    expect(dialog).to_contain_text("You'll become Billing in Acme")
    check_clean(members, "giving up the Admin role")
    members.keyboard.press("Escape")
    expect(own).to_have_value("admin")
    expect(own).to_be_focused()


def test_the_drawer_says_why_and_looks_again_after_a_change(members):
    page = members
    page.get_by_role("link", name="Carol Novak").click()
    drawer = page.get_by_role("dialog", name="Carol Novak", exact=True)
    expect(drawer).to_contain_text("Carol Novak has no Mistral Code seat (")
    drawer.locator("details", has_text="Mistral Code").locator("summary").click()
    expect(drawer.get_by_text("Has no seat (").last).to_be_visible()

    drawer.get_by_role("checkbox", name=CODE).click()
    expect(drawer).to_contain_text("Carol Novak can open Mistral Code.")
    expect(drawer.get_by_role("status").filter(has_text="has a seat of")).to_be_visible()
    drawer.get_by_role("button", name="Set end date…").click()
    page.get_by_label("Last day of access").fill("2099-03-01")
    page.get_by_role("dialog", name="Set an end date").get_by_role("button", name="Save").click()
    expect(drawer).to_contain_text("until March 1, 2099")
    expect(drawer.get_by_role("button", name="Set end date…")).to_be_focused()

    drawer.get_by_role("checkbox", name=CODE).click()
    expect(drawer).to_contain_text("Carol Novak has no Mistral Code seat (")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer-dialog")).to_be_hidden()
    expect(page.get_by_role("link", name="Carol Novak")).to_be_focused()
    expect(row(page, "carol@")).to_contain_text("Access ends")


def test_without_javascript_the_name_leads_to_the_same_choices(console, browser):
    plain = browser.new_context(base_url=console.url, java_script_enabled=False)
    page = plain.new_page()
    page.goto("/")
    page.get_by_label("Email").fill("alice@acme.example")
    page.get_by_label("Password").fill("workspace-demo")
    page.get_by_role("button", name="Sign in").click()
    page.goto("/w/acme/members/")
    expect(page.get_by_role("button", name="Actions for Carol Novak")).to_be_hidden()
    page.get_by_role("link", name="Carol Novak").click()
    page.get_by_role("button", name="Set end date…").click()
    page.get_by_label("Last day of access").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The access of Carol Novak has no end.")).to_be_visible()
    page.get_by_role("link", name="Bob Keller").click()
    page.get_by_role("button", name="Move seat…").click()
    page.get_by_role("searchbox").fill("carol")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("radio")).to_have_count(1)
    plain.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_with_dialogs_and_the_drawer_open(page, frank_away, width, scheme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto("/w/acme/members/")
    check_clean(page, "the list with somebody deactivated")
    for address, item in [
        ("frank@", "Reactivate…"),
        ("carol@", "Deactivate"),
        ("carol@", "Set end date…"),
        ("alice@", "Set end date…"),
        ("bob@", "Move seat…"),
    ]:
        choose(page, address, item)
        check_clean(page, item)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("link", name="Frank Dubois").click()
    for summary in page.get_by_role("dialog").locator("summary").all():
        summary.click()
    check_clean(page, "drawer")
    page.goto(f"/w/acme/members/{page.get_by_role('link', name='Bob Keller').get_attribute('href')}")
    check_clean(page, "a person's page")
    page.goto("/w/acme/")
    page.locator("summary").first.click()
    check_clean(page, "the home with why")
