"""Whoever has no active membership left is signed out; whoever has one stays."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats.lifecycle.services import deactivate, remove
from members.services import end_lapsed_sessions as end_lapsed_sessions_now
from members.tasks import end_lapsed_sessions
from workspace_admin.celery import app

HOUR = timedelta(hours=1)


@pytest.fixture
def at_bobs(acme, bob, client_for):
    """Bob's browser, signed in."""
    client = client_for(bob)
    assert client.get("/w/acme/").status_code == 200
    return client


@pytest.fixture
def at_alices(acme, globex, alice, client_for):
    """The browser of Alice, who belongs to Globex too."""
    client = client_for(alice)
    assert client.get("/w/globex/").status_code == 200
    return client


def is_signed_in(client):
    return client.get("/profile/").status_code == 200


def lapse(workspace, user, ago=HOUR):
    workspace.memberships.filter(user=user).update(role="member", expires_at=Now() - ago)


@pytest.mark.parametrize("end", [deactivate, remove])
def test_the_next_request_is_refused_and_leads_to_the_sign_in_page(end, at_bobs, as_alice, member):
    end(as_alice, member("bob@acme.example").id)
    response = at_bobs.get("/w/acme/")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("end", [deactivate, remove])
def test_another_workspace_keeps_people_signed_in_and_this_one_is_gone(end, at_alices, as_dana, globex, alice):
    end(as_dana, globex.memberships.get(user=alice).id)
    assert at_alices.get("/w/globex/").status_code == 404
    assert at_alices.get("/w/acme/").status_code == 200


def test_a_guest_whose_last_access_lapsed_is_signed_out(at_bobs, acme, bob):
    end_lapsed_sessions()
    assert is_signed_in(at_bobs)
    lapse(acme, bob)
    assert at_bobs.get("/w/acme/").status_code == 404
    assert is_signed_in(at_bobs)
    end_lapsed_sessions()
    assert not is_signed_in(at_bobs)


def test_a_guest_who_belongs_elsewhere_stays_signed_in(at_alices, globex, alice):
    lapse(globex, alice)
    end_lapsed_sessions()
    assert is_signed_in(at_alices)


def test_whoever_signs_in_again_after_the_end_is_left_alone_until_the_next_one(acme, bob, client_for):
    lapse(acme, bob)
    end_lapsed_sessions()
    bob.refresh_from_db()
    client = client_for(bob)
    end_lapsed_sessions()
    assert is_signed_in(client)
    lapse(acme, bob, ago=timedelta(0))
    end_lapsed_sessions()
    assert not is_signed_in(client)


def test_an_expired_invitee_and_a_deactivated_guest_are_nobody_to_sign_out(ask_to_join, as_alice, acme, carol, member):
    ask_to_join("late@new.example")
    acme.memberships.filter(email="late@new.example").update(expires_at=Now() - HOUR)
    deactivate(as_alice, member(carol.email).id)
    acme.memberships.filter(user=carol).update(expires_at=Now())
    assert end_lapsed_sessions_now() == 0


def test_beat_asks_every_minute():
    assert app.conf.beat_schedule["members.tasks.end_lapsed_sessions"]["schedule"] == 60
