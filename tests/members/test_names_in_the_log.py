"""Nobody acts under another's name: a new name is in every workspace's log, and the log shows the address beside it."""

import pytest

from billing_seats.lifecycle.services import change_role, take
from members.access import actor_for
from members.errors import InvalidRequest
from members.models import AuditEvent
from members.names import with_address
from members.services import update_profile
from workspace_admin.demo import cast


def renamed():
    rows = AuditEvent.objects.filter(action="member.renamed").order_by("id")
    return {(row.workspace_id, row.actor_label, row.target_label, *row.changes["name"]) for row in rows}


def test_a_new_name_is_in_the_log_of_every_workspace(acme, globex, alice):
    update_profile(alice, name="  Alice Ames ", language="fr")
    who = "Alice Martin <alice@acme.example>"
    assert renamed() == {
        (house.id, who, "alice@acme.example", "Alice Martin", "Alice Ames") for house in (acme, globex)
    }
    assert {row.name for row in alice.memberships.all()} == {"Alice Ames"}
    update_profile(alice, name="Alice Ames", language="en")
    assert len(renamed()) == 2
    with pytest.raises(InvalidRequest):
        update_profile(alice, name=" ", language="en")


def test_an_act_is_logged_under_the_name_and_address_of_who_did_it(acme, alice, bob, as_alice):
    row = acme.memberships.get(user=bob)
    update_profile(alice, name="Bob Keller", language="en")
    change_role(as_alice, row.id, "billing")
    update_profile(alice, name="Alice Martin", language="en")
    take(as_alice, row.id, cast.CHAT)
    labels = AuditEvent.objects.filter(target_id=row.id, workspace_id=acme.id, actor_id=alice.id).order_by("id")
    assert [(event.action, event.actor_label) for event in labels][-2:] == [
        ("member.role_changed", "Bob Keller <alice@acme.example>"),
        ("seat.taken", "Alice Martin <alice@acme.example>"),
    ]
    assert actor_for(alice, "acme").name == "Alice Martin"


def test_the_page_and_the_history_tell_of_the_new_name(acme, alice, client_for):
    update_profile(alice, name="Alice Ames", language="en")
    page = client_for(alice).get("/w/acme/audit/").content.decode()
    assert "Name changed" in page
    assert "Alice Martin &lt;alice@acme.example&gt;" in page
    drawer = client_for(alice).get(f"/w/acme/members/{acme.memberships.get(user=alice).id}/").content.decode()
    assert "changed their name from Alice Martin to Alice Ames" in drawer


def test_the_address_is_never_cut_off():
    email = "a" * 60 + "@" + "b" * 180 + ".example"
    assert with_address("Alice", "alice@acme.example") == "Alice <alice@acme.example>"
    assert with_address("Alice Ames", email) == email
    assert with_address("", email) == with_address(email, email) == email
    assert with_address("Nightly sync", "") == "Nightly sync"
