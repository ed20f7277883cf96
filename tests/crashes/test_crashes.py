"""Processes are killed at named points: no invitation is lost, and none is sent twice but where it says so."""

import os
import signal
import time

import psutil
import pytest

from tests.crashes.house import LEASE, House, until
from tests.crashes.points import (
    AFTER_ANSWER,
    AFTER_CLAIM,
    AFTER_COMMIT,
    AFTER_NUDGE,
    AFTER_RENDER,
    BEFORE_COMMIT,
    BEFORE_SENDING,
)
from tests.providers import DROP, HANG

pytestmark = pytest.mark.soak  # once with all tests, SOAK_ROUNDS times by make soak
PEOPLE = ["ines@new.example", "henri@new.example", "jonas@new.example"]
STATES = "SELECT state, count(*) FROM invitations_delivery GROUP BY state"
KILLED = -signal.SIGKILL


def invited(house: House) -> None:
    assert house.act("invite", PEOPLE).exitcode == 0


def relayed(house: House, policy: str = "resend") -> None:
    assert house.act("relay", policy=policy).exitcode == 0


def states(house: House) -> dict[str, int]:
    return dict(house.rows(STATES))


def copies(house: House) -> list[int]:
    """Return how often each person's invitation was accepted by the provider."""
    names = [name for (name,) in house.rows("SELECT message_id FROM invitations_delivery ORDER BY message_id")]
    counted = house.sink.counted()
    assert set(counted) <= set(names), "the provider knows what the outbox does not"
    return sorted(counted[name] for name in names)


def test_killed_before_the_commit_nothing_was_promised(house):
    house.lay(BEFORE_COMMIT)
    assert house.act("invite", PEOPLE).exitcode == KILLED
    assert states(house) == {}
    invited(house)
    relayed(house)
    assert copies(house) == [1, 1, 1]


def test_killed_between_commit_and_nudge_the_relay_finds_them(house):
    house.lay(AFTER_COMMIT)
    assert house.act("invite", PEOPLE).exitcode == KILLED
    assert states(house) == {"queued": 3}
    relayed(house)
    assert copies(house) == [1, 1, 1]


def test_killed_between_nudge_and_claim_the_task_comes_back(house, worker):
    fuse = house.lay(AFTER_NUDGE)
    invited(house)
    until(lambda: states(house) == {"sent": 3})
    assert not fuse.exists()
    assert copies(house) == [1, 1, 1]


@pytest.mark.parametrize("policy", ["resend", "wait"])
def test_killed_between_claim_and_sending_others_take_over(house, policy):
    invited(house)
    house.lay(AFTER_CLAIM)
    assert house.act("relay").exitcode == KILLED
    assert states(house) == {"queued": 3}
    relayed(house, policy)
    assert copies(house) == [1, 1, 1]


def test_killed_just_before_sending_others_take_over(house):
    invited(house)
    house.lay(BEFORE_SENDING)
    assert house.act("relay").exitcode == KILLED
    assert states(house) == {"queued": 2, "sending": 1}
    relayed(house)
    assert copies(house) == [1, 1, 1]


def test_killed_just_before_sending_it_waits_where_that_is_the_policy(house):
    invited(house)
    house.lay(BEFORE_SENDING)
    assert house.act("relay").exitcode == KILLED
    relayed(house, "wait")
    assert states(house) == {"sent": 2, "unknown": 1}
    assert copies(house) == [0, 1, 1]


@pytest.mark.parametrize(("policy", "accepted"), [("resend", [1, 1, 2]), ("wait", [1, 1, 1])])
def test_killed_while_the_answer_was_on_its_way_that_one_may_come_twice(house, policy, accepted):
    invited(house)
    house.sink.data.append(HANG)
    relay = house.start("relay")
    until(house.sink.taken.is_set)
    relay.kill()
    relayed(house, policy)
    assert copies(house) == accepted


@pytest.mark.parametrize(("policy", "accepted"), [("resend", [1, 1, 2]), ("wait", [1, 1, 1])])
def test_an_answer_lost_on_the_line_that_one_may_come_twice(house, policy, accepted):
    invited(house)
    house.sink.data.append(DROP)
    relayed(house, policy)
    assert copies(house) == accepted


@pytest.mark.parametrize(("policy", "accepted"), [("resend", [1, 1, 2]), ("wait", [1, 1, 1])])
def test_killed_between_answer_and_mark_that_one_may_come_twice(house, policy, accepted):
    invited(house)
    house.lay(AFTER_ANSWER)
    assert house.act("relay").exitcode == KILLED
    relayed(house, policy)
    assert copies(house) == accepted


def stopped_at(house: House, point: str) -> int:
    """Stop a relay for longer than its lease while another one does its work; answers its exit code."""
    invited(house)
    fuse = house.lay(point, "SIGSTOP")
    first = house.start("relay")
    until(lambda: not fuse.exists() and psutil.Process(first.pid).status() == psutil.STATUS_STOPPED)
    time.sleep(LEASE)
    relayed(house)
    os.kill(first.pid, signal.SIGCONT)
    first.join(20)
    return first.exitcode


@pytest.mark.parametrize("point", [AFTER_CLAIM, AFTER_RENDER])
def test_a_relay_stopped_past_its_lease_sends_nothing_that_others_sent(house, point):
    assert stopped_at(house, point) == 0
    assert copies(house) == [1, 1, 1]
    assert states(house) == {"sent": 3}


def test_a_relay_stopped_in_the_act_of_sending_sends_that_one_twice_and_marks_nothing(house):
    marks = "SELECT count FROM members_mailcount WHERE outbox = 'delivery' AND result = 'overtaken'"
    before = dict(enumerate(house.rows(marks)))
    assert stopped_at(house, BEFORE_SENDING) == 0
    assert copies(house) == [1, 1, 2]
    assert states(house) == {"sent": 3}
    assert dict(enumerate(house.rows(marks))) != before


def test_a_broker_that_forgot_everything_loses_nothing(house, worker):
    worker.suspend()
    invited(house)
    house.redis().flushall()
    worker.resume()
    until(lambda: states(house) == {"sent": 3})
    assert copies(house) == [1, 1, 1]


def test_a_broker_that_hangs_does_not_hold_up_inviting(house):
    os.kill(house.valkey.pid, signal.SIGSTOP)
    try:
        invited(house)
    finally:
        os.kill(house.valkey.pid, signal.SIGCONT)
    relayed(house)
    assert copies(house) == [1, 1, 1]


def test_with_the_broker_gone_inviting_works_and_mail_leaves_when_it_is_back(house, worker):
    os.kill(house.valkey.pid, signal.SIGKILL)
    signs = [house.layout.data / f"{name}.alive" for name in ("worker", "beat")]
    try:
        invited(house)
        assert states(house) == {"queued": 3}
        for sign in signs:
            sign.unlink()
        until(lambda: all(sign.exists() for sign in signs))  # they wait, and are not stuck
    finally:
        house.valkey.stop(1)
        house.start_valkey()
    until(lambda: states(house) == {"sent": 3}, patience=30)
    assert copies(house) == [1, 1, 1]
    for sign in signs:
        sign.unlink()
    until(lambda: all(sign.exists() for sign in signs))  # they go on saying that they live


def test_a_beat_that_starts_before_the_broker_waits_steadily_and_counts_as_alive(house):
    os.kill(house.valkey.pid, signal.SIGKILL)
    sign = house.layout.data / "beat.alive"
    try:
        house.start("beat")
        for patience in (10, 4, 4, 4):
            sign.unlink(missing_ok=True)
            until(sign.exists, patience)
    finally:
        house.valkey.stop(1)
        house.start_valkey()
    until(lambda: house.redis().llen("celery"), patience=10)


def test_a_database_that_crashes_while_mail_is_sent_loses_nothing(house, worker):
    house.sink.pause = 0.3
    invited(house)
    until(house.sink.taken.is_set)
    os.kill(house.postgres.pid, signal.SIGQUIT)  # ends at once, without writing anything down
    house.postgres.stop(10)
    house.start_postgres()
    until(lambda: states(house) == {"sent": 3}, patience=30)
    # Away for longer than its answer can wait to be marked, the one that was being sent may come twice.
    assert copies(house) in ([1, 1, 1], [1, 1, 2])
