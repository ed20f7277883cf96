"""axe finds nothing, on every page, wide and phone, light and dark."""

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
    "/w/acme/membership/departure/",
    "/workspaces/new/",
    "/roles/",
    "/profile/",
    "/profile/address/",
    "/profile/address/gone/",
    "/w/globex/members/",
    "/dev/mailbox/",
]
AXE = Axe()


def check_clean(page, where):
    found = AXE.run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
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
