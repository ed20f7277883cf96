"""A workspace's lock: who waits for it, what asks for it; and the only clock is the database's."""

import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from billing_seats.budgets import seat_budgets
from billing_seats.lifecycle.engine import MemberBatch
from billing_seats.lifecycle.services import change_role
from billing_seats.notices import notify_admins
from billing_seats.services import hold, release, renew
from invitations.inviting import invite
from invitations.services import lock_pending, resend, revoke
from members.access import actor_for, system_actor
from members.acting import acting
from members.errors import NotFound
from members.ids import new_id
from members.models import Membership, Workspace
from tests.billing_seats.lifecycle.day import EXPECTED, Day
from tests.sessions import elsewhere, locked
from workspace_admin.demo import cast
from workspace_admin.exception_mapping import refusal

QUICK = pytest.mark.django_db(transaction=True)


def outcomes(day: Day) -> dict[str, str]:
    return dict(day.steps())


def wrong(found: dict[str, str]) -> dict[str, str]:
    return {name: came for name, came in found.items() if came != EXPECTED.get(name, "done")}


def test_a_day_has_everything(as_alice, person):
    found = outcomes(Day(as_alice, person))
    assert wrong(found) == {}
    assert found.keys() >= EXPECTED.keys()


@QUICK
def test_two_workspaces_never_wait_for_each_other(as_alice, globex, dana, person):
    quiet = Day(as_alice, person)
    busy = Day(actor_for(dana, "globex"), person)

    def a_day_that_is_not_over() -> None:
        assert wrong(outcomes(quiet)) == {}

    with elsewhere(a_day_that_is_not_over), connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
        assert wrong(outcomes(busy)) == {}
    connection.close()


@QUICK
@pytest.mark.parametrize("act", [revoke, resend])
def test_an_invitation_of_another_workspace_is_not_waited_for(act, as_alice, globex, dana):
    [answer] = invite(actor_for(dana, "globex"), ["ada@example.com"])
    rows = globex.invitations.select_for_update(), globex.memberships.select_for_update()

    def an_act_that_is_not_over() -> None:
        assert all(rows)

    with elsewhere(an_act_that_is_not_over), connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
        with pytest.raises(NotFound):
            act(as_alice, answer.invitation.id)
    connection.close()


@QUICK
def test_a_workspace_that_is_busy_for_too_long_answers_unavailable(acme, bob, client_for, alice, as_alice):
    client, row = client_for(alice), acme.memberships.get(user=bob)
    link = f"/w/acme/members/{row.id}/role/"
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    with locked(acme):
        page = client.post(link, {"role": "billing"})
        fragment = client.post(link, {"role": "billing"}, headers={"HX-Request": "true"})
        with pytest.raises(OperationalError) as busy:
            change_role(as_alice, row.id, "billing")
    assert (page.status_code, fragment.status_code, refusal(busy.value).code) == (503, 503, "unavailable")
    assert int(page["Retry-After"]) >= 1
    row.refresh_from_db()
    assert row.role == "member"
    connection.close()


COUNTING = {
    "hold": lambda workspace: hold(workspace, [], []),
    "release": lambda workspace: release(workspace, []),
    "renew": lambda workspace: renew(workspace, Membership(id=new_id(), workspace=workspace)),
    "budgets": lambda workspace: seat_budgets(workspace, [cast.CHAT]),
    "notices": lambda workspace: notify_admins(workspace, []),
    "members": lambda workspace: MemberBatch(system_actor(workspace), []),
    "offer": lambda workspace: lock_pending(workspace, workspace.invitations.get(status="pending").id),
}


@pytest.mark.parametrize("name", COUNTING)
@QUICK
def test_what_counts_refuses_to_run_without_the_lock(acme, as_alice, name):
    invite(as_alice, ["ada@example.com"])
    count = COUNTING[name]
    with acting(as_alice) as current:
        count(current.workspace)
        never_locked = Workspace.objects.get(id=acme.id)
        with pytest.raises(RuntimeError, match="lock"):
            count(never_locked)
    with transaction.atomic(), pytest.raises(RuntimeError, match="lock"):
        count(current.workspace)


@pytest.mark.parametrize("years", [-20, 20])
def test_the_console_s_own_clock_decides_nothing(as_alice, person, monkeypatch, years):
    jump = timedelta(days=365 * years)

    now, clock = timezone.now, time.time
    monkeypatch.setattr(timezone, "now", lambda: now() + jump)
    monkeypatch.setattr(time, "time", lambda: clock() + jump.total_seconds())
    assert wrong(outcomes(Day(as_alice, person))) == {}
