"""An address that somebody else signed up with: its owner takes the account, with JavaScript and without."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_accessibility import check_clean

pytestmark = pytest.mark.browser
EMAIL, OWN = "nina@new.example", "the-owners-secret-9"


@pytest.fixture(scope="module")
def link(console, browser):
    page = browser.new_context(base_url=console.url).new_page()
    page.goto("/accounts/signup/")
    page.get_by_label("Name").fill("Not Nina")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill("a-long-secret-7")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Check your email")).to_be_visible()
    page.context.close()
    return console.link(EMAIL, part="/accounts/confirm-email/")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_the_password_is_asked_for(link, page, width, scheme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(link)
    check_clean(page, "the password of who signed up")
    page.get_by_label("Password").fill("a-wrong-secret-1")
    page.get_by_role("button", name="Confirm address").click()
    expect(page.get_by_role("alert")).to_contain_text("password")
    check_clean(page, "a wrong one")


def test_the_owner_sets_a_new_password_without_javascript(link, console, browser):
    page = browser.new_context(base_url=console.url, java_script_enabled=False).new_page()
    page.goto(link)
    page.get_by_role("button", name="Set a new password").click()
    expect(page.get_by_role("heading", name="Check your email")).to_be_visible()
    page.goto(console.link(EMAIL, after=1, part="/accounts/password/reset/key/"))
    for field in page.locator("input[type=password]").all():
        field.fill(OWN)
    page.get_by_role("button", name="Set password").click()
    page.goto("/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(OWN)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{console.url}/workspaces/new/")
    page.context.close()


def test_a_password_can_be_shown_with_the_keyboard(page):
    page.goto("/")
    field, show = page.get_by_label("Password"), page.get_by_role("button", name="Show password")
    field.fill("a-secret-1")
    field.press("Tab")
    expect(show).to_be_focused()
    for kind, pressed in (("text", "true"), ("password", "false")):
        page.keyboard.press("Space")
        expect(field).to_have_attribute("type", kind)
        expect(show).to_have_attribute("aria-pressed", pressed)
    assert field.input_value() == "a-secret-1"
    check_clean(page, "the sign-in page")


def test_without_javascript_nothing_offers_to_show_it(console, browser):
    page = browser.new_context(base_url=console.url, java_script_enabled=False).new_page()
    page.goto("/")
    expect(page.get_by_label("Password")).to_be_visible()
    expect(page.locator("[data-shows-password]")).to_be_hidden()
    page.context.close()
