"""The Members page by keyboard alone, and without a network."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_main_job import row

pytestmark = pytest.mark.browser


@pytest.fixture
def members(sign_in):
    page = sign_in("alice@acme.example")
    page.goto("/w/acme/members/")
    return page


def test_letters_walk_the_list_and_the_drawer_and_can_be_turned_off(members):
    page, keys = members, members.keyboard
    names = page.locator("#members a.name")
    keys.press("j")
    expect(names.nth(0)).to_be_focused()
    keys.press("ArrowDown")
    expect(names.nth(1)).to_be_focused()
    # The table is one stop: of the rows, only the one with the focus is reached by Tab.
    assert page.locator('#members tbody tr:has(:is(a, button, input, select)[tabindex="0"])').count() == 1
    keys.press("x")
    expect(page.locator("#bulk-count")).to_contain_text("1")
    keys.press("x")
    keys.press("Enter")
    heading = page.locator("#drawer-title")
    expect(heading).to_be_focused()
    expect(heading).to_have_text(names.nth(1).inner_text())
    keys.press("j")
    expect(heading).to_have_text(names.nth(2).inner_text())
    keys.press("Escape")
    expect(page).to_have_url(re.compile(r"/members/$"))
    expect(names.nth(2)).to_be_focused()

    keys.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    keys.press("Escape")
    keys.press("/")
    expect(page.locator("#q")).to_be_focused()
    keys.type("j")
    expect(page.locator("#q")).to_have_value("j")
    page.locator('[name="shortcuts"]').evaluate("box => { box.checked = false; document.activeElement.blur(); }")
    keys.press("?")
    keys.press("i")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_a_click_on_a_row_opens_its_person_but_not_on_a_control(members):
    page = members
    row(page, "carol@").locator("td.last").click()
    expect(page.locator("#drawer-title")).to_have_text("Carol Novak")


def test_without_a_network_a_bar_says_so_and_nothing_can_be_changed(members):
    page = members
    role = row(page, "carol@").get_by_role("combobox")
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("You're offline")
    expect(role).to_be_disabled()
    page.context.set_offline(False)
    expect(page.locator("#no-network")).to_be_hidden()
    expect(role).to_be_enabled()
