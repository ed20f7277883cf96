"""Once the end of somebody's rights was answered, nothing of theirs takes effect, however much was under way.

Eight connections, let in at the door before, loop their actions while the rights end. Every change writes an event in
its own transaction: from the answer on, there may be no new event of theirs.
"""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

from billing_seats.keys.services import create_key, revoke_key
from billing_seats.lifecycle.services import change_role, deactivate, give, move, reactivate, remove, set_end, take
from billing_seats.subscription.services import change_plan, resize
from invitations.inviting import invite
from invitations.models import Invitation
from invitations.services import edit, resend, revoke
from members.access import Action, key_actor, staff_actor, system_actor
from members.errors import DomainError
from members.models import AuditEvent, Role
from members.services import change_settings
from tests.cast import add
from workspace_admin.demo import cast
from workspace_admin.support.staff import make_staff, no_longer_staff

pytestmark = [pytest.mark.soak, pytest.mark.django_db(transaction=True)]  # once with all tests, 50 times by make soak
ROUNDS = min(int(os.environ.get("SOAK_ROUNDS", "1")), 50)
THREADS, AFTER, PATIENCE = 8, 4, 20
END = datetime(2099, 1, 1, tzinfo=UTC)
new = count()


def turns(first, second, number):
    return first if number % 2 else second


# Each takes the actor, what stands in the workspace, and how often it was done.
ACTS = {
    Action.INVITE: lambda who, _, n: invite(who, [f"new{next(new)}@example.com"]),
    Action.RESEND: lambda who, it, n: resend(who, it.offers[n % 10]),
    Action.REVOKE: lambda who, it, n: revoke(who, it.offers[10 + n % 30]),
    Action.EDIT_INVITATION: lambda who, it, n: edit(who, it.offers[n % 10], {"role": turns("member", "billing", n)}),
    Action.CHANGE_ROLE: lambda who, it, n: change_role(who, it.target, turns("member", "billing", n)),
    Action.GIVE_SEAT: lambda who, it, n: turns(give, take, n)(who, it.target, cast.CODE),
    Action.TAKE_SEAT: lambda who, it, n: move(who, cast.CHAT, *turns((it.bob, it.target), (it.target, it.bob), n)),
    Action.DEACTIVATE: lambda who, it, n: turns(deactivate, reactivate, n)(who, it.other),
    Action.REACTIVATE: lambda who, it, n: turns(reactivate, deactivate, n)(who, it.other),
    Action.SET_END: lambda who, it, n: set_end(who, it.other, turns(END, None, n)),
    Action.REMOVE: lambda who, it, n: remove(who, it.leaving[n]),
    Action.CHANGE_SUBSCRIPTION: lambda who, it, n: resize(who, cast.CODE, 8 + n % 2),
    Action.CHANGE_SETTINGS: lambda who, it, n: change_settings(who, name=f"Acme {next(new)}"),
    Action.MANAGE_API_KEYS: lambda who, it, n: create_key(who, name="Another", scope="read"),
    "own role": lambda who, it, n: change_role(who, it.alice, Role.ADMIN),
}
BY_STAFF = [Action.RESEND, Action.REVOKE, Action.EDIT_INVITATION, Action.CHANGE_SUBSCRIPTION]
PLANNED = [Action.INVITE, Action.RESEND, Action.TAKE_SEAT, Action.MANAGE_API_KEYS]


def test_every_action_that_changes_something_is_raced():
    changing = {action for action in Action if not action.startswith("view_")}
    assert changing - set(ACTS) == {Action.LEAVE}, "who leaves has no rights left to lose"


@pytest.fixture
def house(acme, as_alice, hashed, settings):
    """Acme with people to act on, and offers that wait."""
    settings.SELF_SERVICE_SEATS = True
    settings.MAILS_PER_INVITER = settings.MAILS_PER_WORKSPACE = settings.MAILS_PER_ADDRESS = 100_000
    for name in ["target", "other", *(f"leaving{number}" for number in range(5))]:
        cast.join(as_alice, add(f"{name}@acme.example", "", hashed), Role.MEMBER)
    invite(as_alice, [f"pending{number}@example.com" for number in range(40)])
    Invitation.objects.update(sent_at="2026-01-01T00:00:00Z")
    rows = dict(acme.memberships.values_list("email", "id"))
    named = {name: rows[f"{name}@acme.example"] for name in ("alice", "bob", "target", "other")}
    leaving = [rows[f"leaving{number}@acme.example"] for number in range(5)]
    offers = list(acme.invitations.filter(status="pending").order_by("email").values_list("id", flat=True))
    return SimpleNamespace(**named, leaving=leaving, offers=offers, workspace=acme)


def events_of(actor):
    return AuditEvent.objects.filter(actor_id=actor.id).count()


@contextmanager
def patience():
    """Take a lock that was waited for too long, on a machine that is busy, for an act that was not done."""
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise


def race(actor, acts, house, end):
    """End the actor's rights amid their acts; return how much they had done when it was answered, and in the end."""
    before, answered, done = events_of(actor), threading.Event(), 0

    def loop(mine):
        later = 0
        try:
            for number in count():
                later += answered.is_set()
                for act in mine:
                    with suppress(DomainError, IndexError), patience():
                        act(actor, house, number)
                if later > AFTER:
                    return
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        loops = [pool.submit(loop, acts[number::THREADS] or acts) for number in range(THREADS)]
        deadline = time.monotonic() + PATIENCE
        try:
            while events_of(actor) < before + THREADS:
                assert time.monotonic() < deadline, "too little was under way"
                time.sleep(0.01)
            while not done:
                with patience():
                    end()
                    done = events_of(actor)
        finally:
            answered.set()
        for one in loops:
            one.result()
    return done, events_of(actor)


def ended(how, house, row):
    by = system_actor(house.workspace)
    return {
        "demoted": lambda: change_role(by, row, Role.MEMBER),
        "deactivated": lambda: deactivate(by, row),
        "removed": lambda: remove(by, row),
    }[how]


@pytest.fixture
def second_admin(acme, as_alice, hashed):
    cast.join(as_alice, add("second@acme.example", "", hashed), Role.ADMIN)


@pytest.mark.parametrize("_round", range(ROUNDS))
@pytest.mark.parametrize("how", ["demoted", "deactivated", "removed"])
def test_a_person_s_rights_end_with_the_answer(house, second_admin, as_alice, how, _round):
    done, since = race(as_alice, list(ACTS.values()), house, ended(how, house, house.alice))
    assert since == done
    assert not house.workspace.memberships.admins().filter(id=house.alice).exists()


@pytest.mark.parametrize("_round", range(ROUNDS))
@pytest.mark.parametrize("how", ["revoked", "demoted", "removed"])
def test_a_key_s_rights_end_with_its_own_or_its_owner_s(house, second_admin, as_alice, how, _round):
    key, _text = create_key(as_alice, name="Sync", scope="write")
    end = ended(how, house, house.alice) if how != "revoked" else lambda: revoke_key(as_alice, key.id)
    done, since = race(key_actor(key, "acme"), list(ACTS.values()), house, end)
    assert since == done


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_support_s_rights_end_with_the_answer(house, person, _round):
    sam = person("support@console.example", "Sam Support")
    make_staff(sam, "Support")
    actor = staff_actor(sam, house.workspace, "asked by phone")
    done, since = race(actor, [ACTS[action] for action in BY_STAFF], house, lambda: no_longer_staff(sam))
    assert since == done


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_what_a_plan_includes_ends_with_the_answer(house, as_alice, _round):
    end = lambda: change_plan(system_actor(house.workspace), "free")  # noqa: E731 -- as the others
    done, since = race(as_alice, [ACTS[action] for action in PLANNED], house, end)
    assert since == done


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_a_long_list_stops_at_the_next_hundred(house, second_admin, as_alice, _round):
    emails = iter([[f"p{part}-{number}@example.com" for number in range(300)] for part in range(1_000)])
    end = ended("removed", house, house.alice)
    done, since = race(as_alice, [lambda who, _it, _n: invite(who, next(emails))], house, end)
    assert since == done


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_no_page_or_call_under_way_gives_the_role_back(house, second_admin, as_alice, alice, client_for, _round):
    clients = [client_for(alice) for _ in range(2 * THREADS)]
    api = "/api/v1/workspaces/acme/members/"
    clients[0].get(api)  # the schema, which every answer is held against, is built by one thread

    def patch(client, row, role):
        return client.patch(f"{api}{row}", {"role": role}, content_type="application/json")

    def post(client, row, role):
        return client.post(f"/w/acme/members/{row}/role/", {"role": role})

    def by(send, client):
        def act(_who, it, number):
            send(client, it.alice, "admin")
            send(client, it.target, turns("member", "billing", number))

        return act

    acts = [by(turns(patch, post, number), client) for number, client in enumerate(clients)]
    done, since = race(as_alice, acts, house, ended("demoted", house, house.alice))
    assert since == done
    assert not house.workspace.memberships.admins().filter(id=house.alice).exists()
