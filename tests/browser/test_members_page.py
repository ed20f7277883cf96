"""The Members page in Chromium: at every width, on a bad network, and where the focus goes."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, follow
from tests.browser.test_main_job import invite, menu, row
from workspace_admin.people.list import SWITCHED, fits
from workspace_admin.people.list_query import ListQuery

pytestmark = pytest.mark.browser
WIDTHS = (320, 390, 768, 800, 1024, 1100, 1180, 1280, 1600)
SLOW = 1_500
"""Milliseconds, far above the 300 after which work has to show."""


@pytest.fixture
def members(sign_in):
    page = sign_in("alice@acme.example")
    page.goto("/w/acme/members/")
    return page


@pytest.fixture
def slow(members):
    """The list, on a network where each answer takes ``SLOW`` milliseconds."""
    network = {"offline": False, "latency": SLOW, "downloadThroughput": -1, "uploadThroughput": -1}
    members.context.new_cdp_session(members).send("Network.emulateNetworkConditions", network)
    return members


@pytest.mark.parametrize("products", [2, 3, 6])
def test_the_document_never_scrolls_sideways_and_each_menu_is_in_reach(members, products):
    page = members
    page.evaluate(
        """([products, fits]) => {
            const table = document.querySelector("table.members");
            table.classList.remove(...[...table.classList].filter((name) => name.startsWith("needs-")));
            table.classList.add(fits);
            for (const row of table.rows) {
                const seats = [...row.querySelectorAll(".sw")];
                if (fits === "many") seats.forEach((seat) => seat.remove());
                else for (let more = 2; more < products; more++) seats[1].after(seats[more % 2].cloneNode(true));
            }
        }""",
        [products, fits(ListQuery(), products)],
    )
    assert page.locator("table.members thead th.sw").count() == (products if products <= SWITCHED else 0)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        scrolled = page.evaluate("document.documentElement.scrollWidth")
        hidden = page.evaluate(
            """() => [...document.querySelectorAll("td.act button")].filter((button) => {
                button.scrollIntoView({ block: "center", inline: "nearest" });
                const box = button.getBoundingClientRect();
                return !button.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
            }).length"""
        )
        assert (scrolled, hidden) == (width, 0), width


def test_a_change_that_never_reached_the_server_is_not_shown_as_made(browser, base_url):
    # A page of its own: the browser logs each request that fails as an error.
    page = browser.new_context(base_url=base_url).new_page()
    page.goto("/")
    page.get_by_label("Email").fill("alice@acme.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/w/**")
    page.goto("/w/acme/members/")
    carol = row(page, "carol@")
    role, seat = carol.get_by_role("combobox"), carol.locator("td.sw").get_by_role("checkbox").first
    held = seat.is_checked()
    page.route("**/w/**", lambda route: route.abort())
    role.select_option(label="Member")
    expect(page.locator("#toasts")).to_contain_text("Couldn't reach the server. Nothing was changed.")
    expect(role).to_have_value("billing")
    seat.click()
    expect(seat).to_be_checked(checked=held)
    expect(page.locator("#toasts [data-toast]")).to_have_count(1)
    page.context.close()


@pytest.mark.parametrize("what", ["choice", "search", "drawer"])
def test_what_takes_long_shows_that_it_works(slow, what):
    page = slow
    line = "getComputedStyle(document.body, '::before')"
    assert page.evaluate(f"{line}.content") == "none"
    if what == "choice":
        row(page, "carol@").get_by_role("combobox").select_option(label="Billing")
        row(page, "carol@").get_by_role("combobox").dispatch_event("change")
    elif what == "search":
        page.get_by_role("searchbox").fill("ali")
    else:
        page.get_by_role("link", name="Bob Keller").click()
    page.wait_for_function(f"() => {line}.content !== 'none' && {line}.opacity === '1'", timeout=SLOW)
    page.wait_for_function(f"() => {line}.content === 'none'")


def test_back_closes_the_drawer_forward_opens_it_and_a_reload_shows_the_person(members):
    page = members
    page.get_by_role("searchbox").fill("carol")
    expect(row(page, "bob@")).to_have_count(0)
    page.get_by_role("link", name="Carol Novak").click()
    drawer = page.locator("#drawer-dialog")
    expect(drawer).to_be_visible()
    expect(page).to_have_url(re.compile(r"/members/[0-9a-f-]+/\?q=carol$"))

    page.go_back()
    expect(drawer).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/members/\?q=carol$"))
    expect(row(page, "carol@")).to_be_visible()
    expect(row(page, "bob@")).to_have_count(0)

    page.go_forward()
    expect(drawer).to_contain_text("Carol Novak")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/members/\?q=carol$"))

    page.get_by_role("link", name="Carol Novak").click()
    expect(drawer).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Carol Novak")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Members").click()
    expect(row(page, "carol@")).to_be_visible()


def test_a_pasted_list_is_not_thrown_away_unasked(members):
    page = members
    page.get_by_text("+ Invite member").click()
    dialog = page.locator("#dialog")
    dialog.get_by_label("Email").fill("one@paste.example, two@paste.example")
    question = page.get_by_role("dialog", name="Discard what you entered?")
    for leave in (lambda: page.keyboard.press("Escape"), lambda: dialog.get_by_label("Close").click()):
        leave()
        question.get_by_role("button", name="Keep editing").click()
        expect(question).to_be_hidden()
        expect(dialog.get_by_label("Email")).to_have_value("one@paste.example, two@paste.example")
    page.keyboard.press("Escape")
    question.get_by_role("button", name="Discard").click()
    expect(dialog).to_be_hidden()
    page.get_by_text("+ Invite member").click()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_after_a_revocation_the_focus_is_on_the_next_row_and_it_is_announced(members):
    page = members
    for name in ("aa", "ab"):
        invite(page, f"{name}@focus.example")
    page.goto("/w/acme/members/?q=focus.example")
    page.reload()
    for address, focused in (
        ("aa@focus.example", page.get_by_role("link", name="ab@focus.example", exact=True)),
        ("ab@focus.example", page.get_by_role("heading", name="Members", exact=True)),
    ):
        menu(page, address)
        page.get_by_role("menuitem", name="Revoke invite").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke invite").click()
        expect(row(page, address)).to_have_count(0)
        expect(focused).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="revoked").first).to_be_visible()


def test_revoking_in_the_drawer_closes_it(members):
    page = members
    invite(page, "aa@drawer.example")
    page.get_by_role("link", name="aa@drawer.example").click()
    page.locator("#drawer").get_by_role("button", name="Revoke invite").click()
    page.locator("#dialog").get_by_role("button", name="Revoke invite").click()
    expect(page.locator("#drawer-dialog")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/members/$"))
    expect(page.locator("#toasts .error")).to_have_count(0)


def test_toasts_make_room_leave_by_themselves_and_cover_no_menu(members):
    page = members
    page.clock.install()
    page.evaluate(
        """() => ["success", "success", "error", "success", "success"].forEach((tag, number) => {
            const toast = document.createElement("div");
            toast.className = `toast ${tag}`;
            toast.dataset.toast = "";
            toast.textContent = `Message ${number}`;
            setTimeout(() => document.getElementById("toasts").append(toast));
        })"""
    )
    page.clock.run_for(100)
    toasts = page.locator("#toasts [data-toast]")
    expect(toasts).to_have_text(["Message 2", "Message 3", "Message 4"])
    for width in (390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 500})
        covered = page.evaluate(
            """() => {
                const { right, top } = document.getElementById("toasts").getBoundingClientRect();
                return [...document.querySelectorAll("td.act button")].some((button) => {
                    button.scrollIntoView({ block: "end" });
                    const box = button.getBoundingClientRect();
                    return box.left < right && box.bottom > top;
                });
            }"""
        )
        assert not covered, width
    page.clock.run_for(9_000)
    expect(toasts).to_have_text(["Message 2"])


def test_forced_colours_tell_the_current_tab_and_the_keys_of_the_chart(sign_in, page):
    sign_in("alice@acme.example")
    page.emulate_media(forced_colors="active")
    page.goto("/w/acme/members/")
    colour = "(one, pseudo) => getComputedStyle(one, pseudo).backgroundColor"
    tabs = page.locator(".tabs a")
    here, others = page.locator(".tabs a[aria-current]"), page.locator(".tabs a:not([aria-current])")
    assert (tabs.count(), here.count()) == (5, 1)
    assert here.evaluate(colour) != others.first.evaluate(colour)
    follow(page, "Subscription")
    keys = {page.locator(f".key.{name}").first.evaluate(colour, "::before") for name in ("in-use", "held")}
    assert len(keys) == 2
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") not in keys


def test_members_have_no_dead_ends_and_a_refusal_keeps_the_navigation(sign_in):
    page = sign_in("bob@acme.example")
    links = page.get_by_role("navigation", name="Workspace").get_by_role("link")
    assert links.all_inner_texts() == ["Home", "Roles guide"]
    for path in ("members", "subscription", "settings", "api-keys", "audit"):
        assert page.goto(f"/w/acme/{path}/").status == 403
        expect(links.first).to_have_text("Home")
    page.goto("/workspaces/new/")
    page.get_by_role("link", name="Cancel").click()
    expect(page).to_have_url(re.compile("/w/acme/$"))


def test_filters_and_order_stand_in_the_address_and_back_brings_them_back(members):
    page = members
    page.locator("#filter-role").click()
    page.get_by_label("Billing", exact=True).check()
    expect(page.get_by_role("link", name="Role: Billing")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?role=billing$"))
    expect(page.locator("#choices-role")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("columnheader", name="Last active").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Last active")).to_have_attribute("aria-sort", "descending")
    page.get_by_label("Search by name or email").press_sequentially("nobody")
    expect(page.get_by_role("heading", name="No matching members")).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile(r"\?role=billing$"))
    expect(row(page, "carol@")).to_be_visible()
    expect(page.get_by_label("Search by name or email")).to_have_value("")
    page.get_by_role("link", name="Clear all").click()
    expect(row(page, "alice@")).to_be_visible()
    expect(page.locator("#chosen-role")).to_be_empty()


def test_many_are_changed_after_a_preview_and_a_change_is_undone(members):
    page = members
    row(page, "bob@").get_by_role("checkbox", name="Select").check()
    row(page, "carol@").get_by_role("checkbox", name="Select").click(modifiers=["Shift"])
    bar = page.get_by_role("form", name="Selected people")
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Change role").click()
    page.get_by_role("menuitem", name="Billing").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 person will change")
    expect(dialog).to_contain_text("1 person stays as they are")
    dialog.get_by_role("button", name="Change 1 role").click()
    expect(page.locator("#toasts")).to_contain_text("1 person is now Billing.")
    expect(bar).to_be_hidden()
    row(page, "bob@").get_by_role("combobox").select_option(label="Member")
    expect(page.locator("#toasts")).to_contain_text("Bob Keller is now Member.")
    page.get_by_role("button", name="Undo").click()
    expect(row(page, "bob@").get_by_role("combobox")).to_have_value("billing")
    row(page, "bob@").get_by_role("combobox").select_option(label="Member")
    expect(row(page, "bob@").get_by_role("combobox")).to_have_value("member")
