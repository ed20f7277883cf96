"""Two callers in one workspace: the second is told to try again, and no response hides what was committed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse

from invitations.inviting import invite
from invitations.models import Invitation
from members import fairness
from members.models import Membership, Role, User, Workspace
from tests.api_clients import problem

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("every_workspace")]
PATH = "/workspaces/acme/invitations"


@contextmanager
def _locked_elsewhere(rows: QuerySet) -> Iterator[None]:
    """Hold the locks of these rows in another connection; wait 200 ms for them in this one."""
    held, done = threading.Event(), threading.Event()
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")

    def hold() -> None:
        with transaction.atomic():
            assert list(rows.select_for_update(no_key=True))
            held.set()
            done.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


def test_a_workspace_busy_for_too_long_is_unavailable(api, alice, acme):
    caller = api(alice)
    with _locked_elsewhere(Workspace.objects.filter(id=acme.id)):
        refused = caller.post(PATH, {"email": "ada@example.com"})
        assert caller.get(PATH, status="pending").json()["data"] == []
    assert problem(refused) == (503, "unavailable")
    assert int(refused["Retry-After"]) >= 1
    assert caller.post(PATH, {"email": "ada@example.com"}).status_code == 201


def test_a_bulk_invitation_that_meets_a_lock_says_what_was_done(api, alice, as_alice, acme):
    [late] = invite(as_alice, ["late@example.com"])
    expired = acme.memberships.filter(id=late.invitation.membership_id)
    expired.update(expires_at=Now())
    body = {"emails": [*(f"p{n}@example.com" for n in range(100)), "q@example.com", "late@example.com"]}
    key = {"Idempotency-Key": "class of 2026"}
    caller = api(alice)
    with _locked_elsewhere(expired):
        part = caller.send("POST", f"{PATH}/bulk", body, **key)
    assert part.status_code == 200, part.content
    assert part.json()["summary"] == {"done": 100, "refused": 2}
    assert [row["code"] for row in part.json()["data"]] == [None] * 100 + ["unavailable"] * 2
    assert [row["email"] for row in part.json()["data"]] == body["emails"]
    assert [row.get("retry_after") for row in part.json()["data"]] == [None] * 100 + [1] * 2
    assert Invitation.objects.filter(email__endswith="@example.com").exclude(email="late@example.com").count() == 100
    again = caller.send("POST", f"{PATH}/bulk", body, **key)
    assert again.json()["summary"] == {"done": 102, "refused": 0}
    assert again.json()["data"][:100] == part.json()["data"][:100]


def test_a_bulk_change_that_meets_a_lock_says_what_was_done(api, alice, acme):
    users = User.objects.bulk_create(User(email=f"p{n}@acme.example") for n in range(102))
    new = [Membership(workspace=acme, user=one, email=one.email, role=Role.MEMBER, status="active") for one in users]
    members = Membership.objects.bulk_create(new)
    body = {"members": [str(member.id) for member in members], "set": {"role": "billing"}}
    caller = api(alice)
    with _locked_elsewhere(acme.memberships.filter(id=members[-1].id)):
        part = caller.post("/workspaces/acme/members/bulk", body)
        first = caller.post("/workspaces/acme/members/bulk", body | {"members": body["members"][-1:]})
    assert [row["code"] for row in part.json()["data"]] == [None] * 100 + ["unavailable"] * 2
    assert [row["member"] for row in part.json()["data"]] == body["members"]
    assert part.json()["data"][-1]["retry_after"] == 1
    assert acme.memberships.filter(id__in=body["members"], role=Role.BILLING).count() == 100
    assert problem(first) == (503, "unavailable")


def test_a_workspace_that_fills_half_of_the_threads_is_told_to_wait(api, alice, acme, settings):
    settings.WEB_THREADS = 2
    member = acme.memberships.get(email="bob@acme.example")
    caller, there, here = api(alice), threading.Event(), threading.Event()

    def write() -> None:
        with fairness.turn(acme.id):
            there.set()
            here.wait(20)

    thread = threading.Thread(target=write)
    thread.start()
    assert there.wait(20)
    try:
        refused = caller.post(PATH, {"email": "ada@example.com"})
        page = caller.client.post(reverse("member-role", args=["acme", member.id]), {"role": "billing"})
        assert caller.get(PATH).status_code == 200
    finally:
        here.set()
        thread.join()
    assert (problem(refused), refused["Retry-After"]) == ((503, "unavailable"), "1")
    assert page.status_code == 302
    assert acme.memberships.get(id=member.id).role == Role.MEMBER
    assert caller.post(PATH, {"email": "ada@example.com"}).status_code == 201


def test_a_double_click_makes_one_invitation(api, alice):
    barrier, codes = threading.Barrier(8), []

    def click() -> None:
        caller = api(alice)
        barrier.wait()
        codes.append(caller.post(PATH, {"email": "ada@example.com"}).status_code)
        connection.close()

    clicks = [threading.Thread(target=click) for _ in range(8)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert sorted(codes) == [201] + [409] * 7
    assert len(api(alice).get(PATH, email="ada@example.com").json()["data"]) == 1
