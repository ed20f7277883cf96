"""An Admin makes a key, copies it, gives it to a program, and revokes it."""

import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import follow
from tests.browser.test_accessibility import check_clean

pytestmark = pytest.mark.browser
NAME = "Nightly sync"


def called(console, key):
    """Return the status of a call with the key."""
    url = f"{console.url}/api/v1/workspaces/acme/members"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def make(page, name=NAME):
    follow(page, "API keys")
    page.get_by_role("button", name="New API key").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Read and write").check()
    page.get_by_label("Expires after").select_option(label="30 days")
    page.get_by_role("button", name="Create key").click()
    shown = page.get_by_label("API key", exact=True)
    expect(shown).to_be_visible()
    return shown.input_value()


def row(page, name=NAME):
    return page.get_by_role("row").filter(has_text=name)


def test_a_key_is_made_copied_used_and_revoked(console, page, sign_in):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in("alice@acme.example")
    key = make(page)
    check_clean(page, "the new key")
    page.get_by_role("dialog").get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == key
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="New API key")).to_be_focused()
    # A closed dialog says so a moment later: what it held goes then.
    expect(page.locator("#new-key")).to_have_count(0)
    assert key.rpartition("_")[2] not in page.content()
    expect(row(page)).to_contain_text("Never")

    assert called(console, key) == 200
    page.reload()
    expect(row(page)).to_contain_text("just now")
    row(page).get_by_role("button", name="Revoke").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("can’t be undone")
    check_clean(page, "revoking")
    dialog.get_by_role("button", name="Revoke key").click()
    expect(row(page)).to_have_count(0)
    assert called(console, key) == 401


def test_everything_works_by_keyboard(page, sign_in):
    sign_in("alice@acme.example")
    page.goto("/w/acme/api-keys/")
    page.get_by_role("button", name="New API key").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    shown = page.get_by_label("API key", exact=True)
    expect(shown).to_be_focused()
    assert page.evaluate("document.activeElement.selectionEnd") == len(shown.input_value())
    page.keyboard.press("Escape")
    expect(row(page, "By keyboard")).to_contain_text("Read and write")


def test_a_key_is_made_and_revoked_without_javascript(console, browser):
    plain = browser.new_context(base_url=console.url, java_script_enabled=False)
    page = plain.new_page()
    page.goto("/")
    page.get_by_label("Email").fill("alice@acme.example")
    page.get_by_label("Password").fill("workspace-demo")
    page.get_by_role("button", name="Sign in").click()
    key = make(page, "Plain")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    assert called(console, key) == 200
    page.get_by_role("button", name="Done").click()
    row(page, "Plain").get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke key").click()
    expect(row(page, "Plain")).to_have_count(0)
    assert called(console, key) == 401
    plain.close()
