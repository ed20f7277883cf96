"""Rights are read again under the workspace's lock, and nothing locks a workspace without saying who acts."""

import ast

import pytest
from django.db import connection, transaction

from billing_seats.keys.services import create_key
from billing_seats.lifecycle.services import take
from billing_seats.subscription.services import resize
from invitations.inviting import invite
from members.access import Action, key_actor, staff_actor, system_actor
from members.acting import acting
from members.errors import InvalidRequest, PermissionDenied
from members.models import ApiKey, Membership, Role, Status
from workspace_admin.demo import cast
from workspace_admin.devserver.layout import ROOT
from workspace_admin.support.staff import make_staff, no_longer_staff

APPS = ("members", "billing_seats", "invitations", "workspace_admin")
ENTRIES = {
    "acting_on_offer": {"invitations/join/services.py"},
    "acting_on_own_account": {
        "members/account/address_change.py",
        "members/services.py",
        "workspace_admin/personal_data/services.py",
    },
    "acting_on_account": {"workspace_admin/personal_data/services.py"},
}
"""Who locks a workspace without a role in it: the holder of an offer, a person for their own account, and support who
erase one."""


def modules():
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def names_in(tree):
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }


def test_nothing_else_locks_a_workspace():
    for path, tree in modules():
        if path == "members/acting.py":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == "select_for_update":
                assert "Workspace" not in names_in(node.value), f"{path}:{node.lineno} locks a workspace"
            if isinstance(node, ast.Assign):
                targets = {one.attr for one in node.targets if isinstance(one, ast.Attribute)}
                assert "is_locked" not in targets, f"{path}:{node.lineno} calls a workspace locked"


@pytest.mark.parametrize("entry", ENTRIES)
def test_few_lock_a_workspace_without_a_role_in_it(entry):
    users = {path for path, tree in modules() if entry in names_in(tree) and path != "members/acting.py"}
    assert users == ENTRIES[entry]


def row_of(actor):
    return Membership.objects.filter(workspace=actor.workspace, user=actor.id)


@pytest.mark.parametrize(
    "change",
    [{"role": Role.MEMBER}, {"status": Status.DEACTIVATED}, {"role": "billing", "expires_at": "2026-01-01T00:00:00Z"}],
    ids=["demoted", "deactivated", "lapsed"],
)
def test_a_person_who_lost_their_rights_at_the_door_does_nothing(as_alice, change):
    assert invite(as_alice, ["ada@example.com"])[0].done
    row_of(as_alice).update(**change)
    with pytest.raises(PermissionDenied):
        invite(as_alice, ["bo@example.com"])


def test_a_person_who_was_removed_or_whose_account_is_closed_does_nothing(as_alice, alice):
    alice.is_active = False
    alice.save(update_fields=["is_active"])
    with pytest.raises(PermissionDenied, match="no longer"):
        invite(as_alice, ["ada@example.com"])
    alice.is_active = True
    alice.save(update_fields=["is_active"])
    assert invite(as_alice, ["ada@example.com"])[0].done
    row_of(as_alice).delete()
    with pytest.raises(PermissionDenied, match="no longer"):
        invite(as_alice, ["bo@example.com"])


@pytest.fixture
def by_key(as_alice):
    made, _text = create_key(as_alice, name="Sync", scope="write")
    return key_actor(made, "acme")


@pytest.mark.parametrize("change", [{"revoked_at": "2026-01-01T00:00:00Z"}, {"scope": "read"}, {"created_by": None}])
def test_a_key_that_was_stopped_at_the_door_does_nothing(by_key, change):
    assert invite(by_key, ["ada@example.com"])[0].done
    ApiKey.objects.filter(id=by_key.id).update(**change)
    with pytest.raises(PermissionDenied):
        invite(by_key, ["bo@example.com"])


def test_a_key_stops_with_its_maker(by_key, as_alice):
    row_of(as_alice).update(role=Role.BILLING)
    with pytest.raises(PermissionDenied, match="no longer works"):
        invite(by_key, ["ada@example.com"])


@pytest.fixture
def staff(person):
    user = person("support@console.example", "Sam Support")
    make_staff(user, "Support")
    return user


def test_support_whose_rights_ended_at_the_door_does_nothing(staff, acme):
    actor = staff_actor(staff, acme, "asked by phone")
    resize(actor, cast.CODE, 4)
    staff.groups.clear()
    with pytest.raises(PermissionDenied):
        resize(actor, cast.CODE, 5)
    no_longer_staff(staff)
    with pytest.raises(PermissionDenied, match="no longer support"):
        resize(actor, cast.CODE, 5)


def test_support_gives_a_reason_each_time(staff, acme, bob):
    with pytest.raises(InvalidRequest):
        take(staff_actor(staff, acme, " "), acme.memberships.get(user=bob).id, cast.CHAT)


def test_acting_again_inside_costs_nothing_and_asks_for_its_own_action(as_carol, django_assert_num_queries):
    with acting(as_carol, Action.CHANGE_SUBSCRIPTION) as current:
        with django_assert_num_queries(0), acting(current, Action.CHANGE_SUBSCRIPTION) as same:
            assert same is current
        with pytest.raises(PermissionDenied), acting(current, Action.INVITE):
            pass
    assert not current.workspace.is_locked


def test_it_costs_the_lock_and_one_statement(as_alice, by_key, django_assert_num_queries):
    for actor in (as_alice, by_key):
        with transaction.atomic(), django_assert_num_queries(4), acting(actor, Action.INVITE):  # with a savepoint's two
            pass


def test_the_lock_is_let_go_when_the_block_fails(acme):
    with pytest.raises(ZeroDivisionError), acting(system_actor(acme)) as current:
        _ = 1 / 0
    assert connection.in_atomic_block
    with pytest.raises(RuntimeError, match="lock"):
        current.workspace.require_lock()
