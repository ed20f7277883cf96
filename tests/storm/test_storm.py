"""Sixty-four people and programs do everything at once in one workspace, and its seats add up after every commit."""

import logging
import os
import threading
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from django.db import connection

from members.errors import DomainError, Unavailable
from members.models import Role, Workspace
from tests.storm.acts import WEIGHTS, Acts, chosen
from tests.storm.faces import Faces
from tests.storm.watch import Watch
from workspace_admin.demo import cast

pytestmark = [pytest.mark.soak, pytest.mark.django_db(transaction=True)]

THREADS, WITH_FACES = 64, 12
SECONDS = float(os.environ.get("SOAK_SECONDS", "5"))
TIMED = "SOAK_SECONDS" in os.environ
"""Whether the machine is ours: on a busy one a lock may take longer than anybody should wait."""
LONGEST_WAIT = 5.0


class Storm:
    """What came of everything: ``done`` and ``refused`` by act, and what no refusal explains."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.unexplained: list[str] = []
        self.over = threading.Event()

    def blow(self, number: int) -> None:
        """Do one act after the other until the storm is over."""
        dice = Random(number)
        acts = (Faces if number < WITH_FACES else Acts)(self.workspace, dice)
        while not self.over.wait(dice.uniform(0, 0.2)):
            name, act = chosen(acts)
            try:
                act()
                self.done[name] += 1
            except DomainError as error:
                self.refused[f"{name}: {error.code}"] += 1
                if TIMED and isinstance(error, Unavailable):
                    self.unexplained.append(f"{type(acts).__name__} {name}: {error}")
            except Exception:  # noqa: BLE001 -- whatever it is, it is what the test looks for
                self.unexplained.append(f"{type(acts).__name__} {name}: {traceback.format_exc()}")
        connection.close()

    def last(self) -> None:
        """Let it blow for its time, and until everything was done once."""
        began = time.monotonic()
        while (passed := time.monotonic() - began) < SECONDS or (WEIGHTS.keys() - self.done.keys() and passed < 60):
            time.sleep(0.1)
        self.over.set()


@pytest.fixture
def quick_passwords(settings):
    """Hashing is slow on purpose, and happens before the lock: here it would only take the time from the rest."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def unlimited(settings):
    """Mails a day are no matter here."""
    settings.MAILS_PER_ADDRESS = settings.MAILS_PER_INVITER = settings.MAILS_PER_WORKSPACE = 1_000_000


@pytest.fixture
def quiet():
    """Log nothing: thousands of refusals are what this is about."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def crowd(as_alice, acme, person):
    """Some more Admins and members, so that there is somebody to act and to be acted upon."""
    for number in range(12):
        role = Role.ADMIN if number < 5 else Role.MEMBER
        cast.join(as_alice, person(f"q{number}@storm.example"), role, (cast.CHAT,) if number < 8 else ())
    return acme


@pytest.mark.usefixtures("quick_passwords", "unlimited", "quiet")
def test_seats_add_up_after_every_commit_whatever_many_do_at_once(crowd):
    storm, watch = Storm(crowd), Watch(crowd)
    with ThreadPoolExecutor(THREADS + 1) as pool:
        checker = pool.submit(watch.until, storm.over)
        blowing = [pool.submit(storm.blow, number) for number in range(THREADS)]
        storm.last()
        for thread in [*blowing, checker]:
            thread.result(60)
    watch.look()
    assert watch.broken[:5] == []
    assert storm.unexplained[:5] == []
    assert watch.snapshots > 1
    if TIMED:
        assert watch.longest_wait < LONGEST_WAIT
        assert watch.snapshots > SECONDS
    assert WEIGHTS.keys() - storm.done.keys() == set(), storm.refused
