"""A change to one member can be undone for ten seconds, once, by its actor, unless something has changed since."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats.erasure import forget
from billing_seats.keys.services import create_key
from billing_seats.lifecycle.changes import MemberChanges
from billing_seats.lifecycle.services import change_role, give
from billing_seats.lifecycle.undo import change_undoably, undo
from billing_seats.models import UndoableChange
from members.access import actor_for
from members.models import AuditEvent, Role
from tests.racing import race, refused
from tests.workspace_admin.people.conftest import HTMX
from workspace_admin.demo import cast

BOB = "bob@acme.example"


@pytest.fixture
def bob_at(acme):
    """Bob as he is now: role, status, end and seats."""

    def state():
        row = acme.memberships.get(email=BOB)
        return row.role, row.status, row.expires_at, sorted(row.seats.values_list("product__slug", flat=True))

    return state


@pytest.fixture
def change(htmx, member):
    """Change Bob by a control of his row; return the address that undoes it."""

    def send(path, **fields):
        response = htmx.post(f"/w/acme/members/{member(BOB).id}/{path}", fields)
        assert response.status_code == 200, response.content
        kept = UndoableChange.objects.order_by("-created_at").first()
        return f"/w/acme/members/undo/{kept.id}/"

    return send


CHANGES = [
    ("role/", {"role": "admin"}),
    (f"seats/{cast.CODE}/", {"value": "on"}),
    (f"seats/{cast.CHAT}/", {}),
    ("end/", {"ends_on": "2099-01-01"}),
    ("deactivation/", {}),
]


@pytest.mark.parametrize(("path", "fields"), CHANGES)
def test_undone_everything_is_as_it_was_and_in_the_log(change, htmx, bob_at, path, fields):
    before = bob_at()
    undo = change(path, **fields)
    assert bob_at() != before
    events = AuditEvent.objects.count()
    assert b"Undone." in htmx.post(undo).content
    assert bob_at() == before
    assert AuditEvent.objects.count() == events + 1
    again = htmx.post(undo)
    assert (again.status_code, "This can no longer be undone." in again.content.decode()) == (400, True)


def test_the_message_names_the_person_and_offers_it(htmx, member):
    told = htmx.post(f"/w/acme/members/{member(BOB).id}/role/", {"role": "billing"}).content.decode()
    assert "Bob Keller is now Billing." in told
    assert "data-undo" in told
    nothing = htmx.post(f"/w/acme/members/{member(BOB).id}/role/", {"role": "billing"}).content.decode()
    assert "data-undo" not in nothing


def test_whoever_changed_since_is_left_alone(change, htmx, as_alice, member, bob_at):
    undo = change("role/", role="billing")
    give(as_alice, member(BOB).id, cast.CODE)
    state = bob_at()
    assert "changed since" in htmx.post(undo).content.decode()
    assert bob_at() == state


def test_after_ten_seconds_by_the_databases_clock_it_is_too_late(change, htmx, bob_at):
    undo = change("role/", role="billing")
    UndoableChange.objects.update(created_at=Now() - timedelta(seconds=11))
    state = bob_at()
    assert htmx.post(undo).status_code == 400
    assert bob_at() == state


def test_only_the_actor_undoes_it_with_the_rights_of_then(change, htmx, as_alice, acme, person, client_for, member):
    other = person("second@acme.example")
    cast.join(as_alice, other, Role.ADMIN)
    undo = change("role/", role="billing")
    assert client_for(other, headers=HTMX).post(undo).status_code == 400
    acme.memberships.filter(email="alice@acme.example").update(role=Role.MEMBER)
    assert htmx.post(undo).headers["HX-Redirect"] == "/w/acme/"
    assert member(BOB).role == Role.BILLING


def test_a_seat_that_went_to_another_is_not_taken_back(change, htmx, as_alice, acme, member, bob_at):
    undo = change(f"seats/{cast.CHAT}/")
    acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=1)
    give(as_alice, member("carol@acme.example").id, cast.CHAT)
    assert htmx.post(undo).status_code == 409
    assert bob_at()[-1] == []


def test_no_key_works_again_by_it(change, htmx, as_alice, member, bob_at, bob):
    change_role(as_alice, member(BOB).id, Role.ADMIN)
    create_key(actor_for(bob, "acme"), name="Sync", scope="read")
    undo = change("role/", role="member")
    assert "API keys would work again" in htmx.post(undo).content.decode()
    assert bob_at()[0] == Role.MEMBER


@pytest.mark.django_db(transaction=True)
def test_pressed_fifty_times_at_once_it_happens_once(acme, as_alice, member):
    result, kept = change_undoably(as_alice, member(BOB).id, MemberChanges(role=Role.BILLING))
    assert result.error is None
    events = AuditEvent.objects.count()
    results = race(*[lambda: undo(as_alice, kept.id)] * 50)
    assert len(refused(results)) == 49
    assert member(BOB).role == Role.MEMBER
    assert AuditEvent.objects.count() == events + 1


@pytest.fixture
def removed(htmx, member):
    """Bob, removed; the address that undoes it."""
    assert htmx.post(f"/w/acme/members/{member(BOB).id}/removal/").status_code == 200
    return f"/w/acme/members/undo/{UndoableChange.objects.get().id}/"


def test_a_removed_member_has_their_place_again(acme, htmx, member, bob_at, as_alice):
    acme.memberships.filter(email=BOB).update(external_id="hr-2", metadata={"team": "red"})
    before, row = bob_at(), member(BOB)
    told = htmx.post(f"/w/acme/members/{row.id}/removal/").content.decode()
    assert "Bob Keller was removed. Their seats are free." in told
    assert b"Undone." in htmx.post(f"/w/acme/members/undo/{UndoableChange.objects.get().id}/").content
    again = member(BOB)
    assert bob_at() == before
    for name in ("id", "user_id", "name", "joined_at", "last_active_at", "external_id", "metadata"):
        assert getattr(again, name) == getattr(row, name), name
    assert AuditEvent.objects.filter(action="member.restored", target_id=row.id).exists()


def test_but_not_the_seat_that_another_has_by_then(acme, htmx, removed, as_alice, member, bob_at):
    acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=1)
    give(as_alice, member("carol@acme.example").id, cast.CHAT)
    htmx.post(removed)
    assert bob_at()[-1] == []


@pytest.mark.parametrize("meanwhile", ["invited again", "account closed", "erased"])
def test_nor_whoever_is_invited_again_or_gone(acme, htmx, removed, ask_to_join, bob, meanwhile):
    if meanwhile == "invited again":
        ask_to_join(BOB)
    elif meanwhile == "account closed":
        type(bob).objects.filter(id=bob.id).update(is_active=False)
    else:
        forget(bob.id, [BOB])
    rows = acme.memberships.count()
    assert htmx.post(removed).status_code == 400
    assert acme.memberships.count() == rows


def test_a_revoked_invitation_is_open_again_under_a_new_link(acme, htmx, ask_to_join, member):
    ask_to_join("ada@new.example", products=[cast.CODE], role="billing")
    before = acme.invitations.get(email="ada@new.example")
    told = htmx.post(f"/w/acme/invitations/{before.id}/revocation/").content.decode()
    assert "The invitation to ada@new.example was revoked." in told
    undo = f"/w/acme/members/undo/{UndoableChange.objects.get().id}/"
    assert b"Undone." in htmx.post(undo).content
    again, row = acme.invitations.get(email="ada@new.example"), member("ada@new.example")
    assert (again.status, again.revoked_at, again.generation) == ("pending", None, before.generation + 1)
    assert (row.role, row.expires_at) == ("billing", before.expires_at)
    assert list(row.seats.values_list("product__slug", flat=True)) == [cast.CODE]
    assert again.deliveries.filter(generation=again.generation, state="queued").count() == 1
    assert AuditEvent.objects.filter(action="invitation.restored", target_id=again.id).exists()
    assert htmx.post(undo).status_code == 400


def test_unless_they_were_invited_anew(acme, htmx, ask_to_join):
    ask_to_join("ada@new.example")
    before = acme.invitations.get(email="ada@new.example")
    htmx.post(f"/w/acme/invitations/{before.id}/revocation/")
    kept = UndoableChange.objects.get()
    ask_to_join("ada@new.example")
    assert htmx.post(f"/w/acme/members/undo/{kept.id}/").status_code == 400
    assert acme.invitations.filter(status="pending").count() == 1
