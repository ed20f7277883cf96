"""Two callers at one workspace: the second is told to try again, and nothing is half done."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from members.models import Workspace
from tests.api.conftest import problem

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/workspaces/acme/invitations"


@contextmanager
def _locked_elsewhere(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace's lock in another connection."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Workspace.objects.lock(workspace.id)
            held.set()
            done.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    yield
    done.set()
    thread.join()


def test_a_workspace_busy_for_too_long_is_unavailable(api, alice, acme):
    caller = api(alice)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    with _locked_elsewhere(acme):
        refused = caller.post(PATH, {"email": "ada@example.com"})
        assert caller.get(PATH, status="pending").json()["data"] == []
    assert problem(refused) == (503, "unavailable")
    assert int(refused["Retry-After"]) >= 1
    assert caller.post(PATH, {"email": "ada@example.com"}).status_code == 201
    connection.close()


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
