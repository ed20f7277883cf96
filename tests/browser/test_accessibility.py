"""axe finds nothing, on every page, wide and phone, light and dark; nothing is out of reach on a narrow phone."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser
SIGNED_OUT = ["/", "/accounts/signup/", "/accounts/password/reset/", "/join/", "/nowhere", "/api/v1/docs"]
SIGNED_IN = [
    "/w/acme/",
    "/w/acme/members/",
    "/w/acme/members/?tab=invited",
    "/w/acme/members/?q=nobody-has-this-name",
    "/w/acme/members/invite/",
    "/w/acme/subscription/",
    "/w/acme/api-keys/",
    "/w/acme/api-keys/new/",
    "/w/acme/audit/",
    "/w/acme/settings/",
    "/w/acme/membership/departure/",
    "/workspaces/new/",
    "/roles/",
    "/profile/",
    "/profile/address/",
    "/profile/address/gone/",
    "/profile/data/",
    "/profile/erasure/",
    "/accounts/password/change/",
    "/accounts/logout/",
    "/w/globex/members/",
    "/w/globex/audit/",
    "/dev/mailbox/",
]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CHOICES = [("Bob Keller", item) for item in ("View details", "Move seat", "Set end date", "Deactivate", "Remove")]
NARROW = ["/w/acme/members/", "/w/acme/subscription/", "/w/acme/audit/", "/w/acme/api-keys/", "/profile/", "/roles/"]
AXE = Axe()


def check_clean(page, where):
    # A form leads to a page of which the words are there before the styles.
    page.wait_for_load_state()
    found = AXE.run(page, options={"runOnly": TAGS})
    told = [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found.response["violations"]]
    assert told == [], where


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(sign_in, page, width, scheme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for path in SIGNED_OUT:
        page.goto(path)
        check_clean(page, path)
    sign_in("alice@acme.example")
    for path in SIGNED_IN:
        page.goto(path)
        check_clean(page, path)
    page.goto("/w/acme/audit/")
    page.locator("summary").first.click()
    check_clean(page, "an event")
    page.goto("/w/acme/members/")
    page.get_by_role("row").filter(has_text="henri@").get_by_role("button", name="Actions").click()
    check_clean(page, "row menu")
    page.keyboard.press("Escape")
    page.get_by_text("+ Invite member").click()
    page.get_by_role("dialog").wait_for()
    check_clean(page, "invite dialog")


def open_menu(page, who):
    page.get_by_role("row").filter(has_text=who).get_by_role("button", name="Actions").click()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_axe_finds_nothing_in_what_opens_over_a_page(sign_in, page, width, scheme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    sign_in("alice@acme.example")
    page.goto("/w/acme/members/")
    for who, item in [*CHOICES, ("henri@acme.example", "Revoke invite"), ("typo@acme.example", "View details")]:
        open_menu(page, who)
        page.get_by_role("menuitem", name=item).click()
        page.get_by_role("dialog").wait_for()
        for why in page.get_by_role("dialog").locator(".why summary").all():
            why.click()
        check_clean(page, f"{item}: {who}")
        page.keyboard.press("Escape")
    page.get_by_text("+ Invite member").click()
    page.get_by_role("dialog").get_by_label("Email").fill("no-address, alice@acme.example, ines@acme.example")
    page.get_by_role("dialog").get_by_role("button", name="Invite member").click()
    page.get_by_role("dialog").get_by_text("2 people weren't invited").wait_for()
    page.get_by_role("dialog").get_by_text("1 address needs your attention").wait_for()
    check_clean(page, "refused addresses")
    page.goto("/w/acme/subscription/")
    for change, field in (("Change seats", "Total seats"), ("Change plan", "Free")):
        page.get_by_role("button", name=change).first.click()
        check_clean(page, change)
        control = page.get_by_role("dialog").get_by_label(field).first
        control.fill("1") if change == "Change seats" else control.check()
        page.get_by_role("dialog").get_by_role("button", name="Continue").click()
        page.get_by_role("dialog").get_by_role(
            "button", name=re.compile("^(Reduce|Increase) to|^Change plan$")
        ).wait_for()
        check_clean(page, f"{change}: what it means")
        page.keyboard.press("Escape")
    page.locator("[popovertarget=account]").click()
    check_clean(page, "account menu")


def test_axe_finds_nothing_on_the_join_pages(console, sign_in, page):
    page.goto(console.link("ines@acme.example"))
    check_clean(page, "join as a new person")
    page.get_by_role("link", name="Decline").click()
    check_clean(page, "decline")
    sign_in("dana@globex.example")
    page.goto(console.link("ines@acme.example"))
    check_clean(page, "join signed in under another address")


@pytest.mark.parametrize("locale", ["en", "fr"])
def test_nothing_is_out_of_reach_at_320_pixels(browser, base_url, locale):
    page = browser.new_context(base_url=base_url, locale=locale, viewport={"width": 320, "height": 640}).new_page()
    page.goto("/")
    page.locator("[name=login]").fill("alice@acme.example")
    page.locator("[name=password]").fill("workspace-demo")
    page.locator("main [type=submit]").click()
    page.wait_for_url("**/w/**")
    for path in NARROW:
        page.goto(path)
        beyond = page.evaluate(
            """() => [...document.querySelectorAll("main :is(a, button, input, select, td, th)")]
                .filter((one) => one.checkVisibility() && !one.closest(".vh, thead"))
                .filter((one) => one.getBoundingClientRect().right > 320)
                .map((one) => one.outerHTML.slice(0, 120))"""
        )
        assert (beyond, page.evaluate("document.documentElement.scrollWidth")) == ([], 320), path
    page.context.close()


def test_forced_colours_tell_which_switch_is_on(sign_in, page):
    sign_in("alice@acme.example")
    page.emulate_media(forced_colors="active")
    page.goto("/w/acme/members/")
    colours = {
        state: page.locator(f".switch{state}").first.evaluate("one => getComputedStyle(one).backgroundColor")
        for state in (":checked", ":not(:checked)")
    }
    assert colours[":checked"] != colours[":not(:checked)"]
