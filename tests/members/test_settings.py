"""A workspace's name and reminders: for Admins, and in the audit log."""

import pytest

from members.errors import InvalidRequest, PermissionDenied
from members.models import AuditEvent
from members.services import change_settings

CHANGED = AuditEvent.objects.filter(action="workspace.changed")


def test_an_admin_renames_the_workspace_and_turns_reminders_off(as_alice, acme):
    changed = change_settings(as_alice, name="  Acme Labs ", reminders=False)
    acme.refresh_from_db()
    assert (changed.name, acme.name, acme.reminders, acme.slug) == ("Acme Labs", "Acme Labs", False, "acme")
    event = CHANGED.get()
    assert event.changes == {"name": ["Acme", "Acme Labs"], "reminders": [True, False]}
    assert (event.actor_label, event.target_id) == ("Alice Martin <alice@acme.example>", acme.id)


def test_what_is_so_already_is_no_change(as_alice, acme):
    change_settings(as_alice, name="Acme", reminders=True)
    change_settings(as_alice)
    assert not CHANGED.exists()


@pytest.mark.parametrize("who", ["as_bob", "as_carol"])
def test_nobody_else_does(who, request, acme):
    with pytest.raises(PermissionDenied, match="Admin"):
        change_settings(request.getfixturevalue(who), name="Ours")
    acme.refresh_from_db()
    assert acme.name == "Acme"


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\0b", "a\u202eb", "a\u2028b"])
def test_a_name_is_one_line_of_text(name, as_alice, acme):
    with pytest.raises(InvalidRequest):
        change_settings(as_alice, name=name)
    acme.refresh_from_db()
    assert acme.name == "Acme"


@pytest.fixture
def settings_page(acme, alice, client_for):
    client = client_for(alice)
    return lambda **form: (
        client.post("/w/acme/settings/", form, follow=True) if form else client.get("/w/acme/settings/")
    )


def test_the_page_shows_and_saves_them(settings_page, acme):
    assert b'name="reminders"' in settings_page().content
    saved = settings_page(name="Acme & Sons")
    assert b"The settings were saved." in saved.content
    acme.refresh_from_db()
    assert (acme.name, acme.reminders) == ("Acme & Sons", False)
    settings_page(name="Acme & Sons", reminders="on")
    acme.refresh_from_db()
    assert acme.reminders


def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(settings_page, acme):
    response = settings_page(name="x" * 101)
    assert response.status_code == 400
    assert b"x" * 101 in response.content
    acme.refresh_from_db()
    assert acme.name == "Acme"


def test_the_navigation_leads_admins_there_and_nobody_else(client_for, alice, bob, acme):
    link = b'href="/w/acme/settings/"'
    assert link in client_for(alice).get("/w/acme/members/").content
    assert link in client_for(alice).get("/w/acme/").content
    assert link not in client_for(bob).get("/w/acme/").content
    refused = client_for(bob).get("/w/acme/settings/")
    assert (refused.status_code, b"Admin" in refused.content) == (403, True)
