"""The Subscription page in Chromium: its figures, a downgrade without loss, the chart and its table."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import follow
from tests.browser.test_accessibility import check_clean

pytestmark = pytest.mark.browser
PATH = "/w/globex/subscription/"


@pytest.fixture
def globex(sign_in):
    """Dana, who has one seat of each product, on the page of her workspace."""
    page = sign_in("dana@globex.example")
    page.goto(PATH)
    return page


def entry(page, product="le Chat Team"):
    return page.get_by_role("article", name=product)


CONFIRM = re.compile("^(Reduce|Increase) to|^Change plan$")


def confirm(place):
    return place.get_by_role("button", name=CONFIRM)


def preview(page, number, product="le Chat Team"):
    entry(page, product).get_by_role("button", name="Change seats").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Total seats").fill(str(number))
    dialog.get_by_role("button", name="Continue").click()
    expect(confirm(dialog)).to_be_visible()
    return dialog


def buy(page, number):
    dialog = preview(page, number)
    confirm(dialog).click()
    expect(dialog).to_be_hidden()


def test_the_page_names_figures_and_holds(sign_in, page):
    sign_in("carol@acme.example")
    follow(page, "Subscription")
    chat = entry(page)
    expect(chat).to_contain_text("henri@acme.example")
    expect(chat).to_contain_text("held until")
    expect(page.get_by_role("heading", name="Team plan")).to_be_visible()


def test_fewer_than_in_use_is_seen_first_and_costs_nobody_a_seat(globex):
    dialog = preview(globex, 0)
    expect(dialog.get_by_role("heading")).to_be_focused()
    expect(dialog).to_contain_text("1 seat over the new limit")
    expect(dialog.get_by_role("checkbox", name="Dana Osei")).not_to_be_checked()
    dialog.get_by_role("button", name="Back").click()
    expect(dialog.get_by_label("Total seats")).to_have_value("50")
    globex.keyboard.press("Escape")
    expect(entry(globex).get_by_role("button", name="Change seats")).to_be_focused()
    expect(entry(globex)).not_to_contain_text("over its limit")

    buy(globex, 0)
    expect(entry(globex)).to_contain_text("le Chat Team is over its limit by 1 seat.")
    expect(globex.get_by_role("status")).to_contain_text("le Chat Team now has 0 seats.")
    expect(entry(globex).get_by_role("button", name="Change seats")).to_be_focused()
    buy(globex, 50)
    expect(entry(globex)).not_to_contain_text("over its limit")
    expect(globex.get_by_text("Dana Osei <dana@globex.example> added 50 le Chat Team seats").first).to_be_visible()


def test_whom_to_take_from_is_chosen_by_name(globex):
    dialog = preview(globex, 0, "Mistral Code")
    dialog.get_by_role("checkbox", name="Dana Osei").check()
    confirm(dialog).click()
    expect(dialog).to_be_hidden()
    expect(
        globex.get_by_text("Dana Osei <dana@globex.example> removed the Mistral Code seat from dana@globex.example")
    ).to_be_visible()
    also = globex.get_by_role("region", name="Also available")
    also.get_by_role("button", name="Buy seats").click()
    globex.get_by_role("dialog").get_by_label("Total seats").fill("20")
    globex.get_by_role("dialog").get_by_role("button", name="Continue").click()
    confirm(globex.get_by_role("dialog")).click()
    expect(entry(globex, "Mistral Code")).to_be_visible()


def test_a_bad_number_is_said_at_the_field(globex):
    entry(globex).get_by_role("button", name="Change seats").click()
    dialog = globex.get_by_role("dialog")
    dialog.get_by_label("Total seats").fill("-2")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog).to_contain_text("Enter a whole number from 0 to 1,000,000.")
    expect(dialog.get_by_label("Total seats")).to_be_focused()


def test_the_chart_has_a_name_and_a_table(globex):
    chat = entry(globex)
    expect(chat.get_by_role("img", name="Seats of le Chat Team in use since")).to_be_visible()
    chat.get_by_text("As a table").click()
    table = chat.get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_text(["Day", "Bought", "In use", "Held"])
    expect(table.get_by_role("rowheader").first).to_be_visible()


def test_a_smaller_plan_is_seen_first_and_the_switcher_follows_a_change(globex):
    globex.get_by_role("button", name="Change plan").click()
    dialog = globex.get_by_role("dialog")
    dialog.get_by_role("radio", name="Team").check()
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog).to_contain_text("Audit log export is no longer included.")
    confirm(dialog).click()
    expect(dialog).to_be_hidden()
    expect(globex.locator("#plan-label")).to_have_text("Team plan")
    globex.get_by_role("button", name="Change plan").click()
    dialog.get_by_role("radio", name="Enterprise").check()
    dialog.get_by_role("button", name="Continue").click()
    confirm(dialog).click()
    expect(globex.locator("#plan-label")).to_have_text("Enterprise plan")


def test_without_javascript_the_same_steps_are_pages(console, browser):
    context = browser.new_context(base_url=console.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Email").fill("dana@globex.example")
    page.get_by_label("Password").fill("workspace-demo")
    page.get_by_role("button", name="Sign in").click()
    for number in (49, 50):
        page.goto(PATH)
        entry(page).get_by_role("button", name="Change seats").click()
        page.get_by_label("Total seats").fill(str(number))
        page.get_by_role("button", name="Continue").click()
        confirm(page).click()
        expect(page).to_have_url(f"{console.url}{PATH}")
        expect(page.get_by_text(f"le Chat Team now has {number} seats.")).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(sign_in, page, width, scheme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    sign_in("alice@acme.example")
    page.goto("/w/acme/subscription/")
    for table in page.get_by_text("As a table").all():
        table.click()
    check_clean(page, "the page with its tables open")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    dialog = preview(page, 1)
    check_clean(page, "a downgrade's preview")
    dialog.get_by_role("button", name="Back").click()
    dialog.get_by_label("Total seats").fill("")
    dialog.get_by_role("button", name="Continue").click()
    check_clean(page, "a bad number")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Change plan").click()
    check_clean(page, "the plans")
    dialog.get_by_role("radio", name="Free").check()
    dialog.get_by_role("button", name="Continue").click()
    expect(confirm(dialog)).to_be_visible()
    check_clean(page, "a smaller plan's preview")
    page.goto("/w/acme/subscription/seats/le-chat-team/?purchased=1")
    check_clean(page, "the preview as a page of its own")
