"""Processes are killed at named points: no invitation is lost, and none is sent twice but where it says so."""

import os
import signal
import time

import psutil
import pytest

from tests.crashes.console import LEASE, Console, until
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


def invited(console: Console) -> None:
    assert console.act("invite", PEOPLE).exitcode == 0


def relayed(console: Console, policy: str = "resend") -> None:
    assert console.act("relay", policy=policy).exitcode == 0


def states(console: Console) -> dict[str, int]:
    return dict(console.rows(STATES))


def copies(console: Console) -> list[int]:
    """Return how often each person's invitation was accepted by the provider."""
    names = [name for (name,) in console.rows("SELECT message_id FROM invitations_delivery ORDER BY message_id")]
    counted = console.sink.counted()
    assert set(counted) <= set(names), "the provider knows what the outbox does not"
    return sorted(counted[name] for name in names)


def test_killed_before_the_commit_nothing_was_promised(console):
    console.lay(BEFORE_COMMIT)
    assert console.act("invite", PEOPLE).exitcode == KILLED
    assert states(console) == {}
    invited(console)
    relayed(console)
    assert copies(console) == [1, 1, 1]


def test_killed_between_commit_and_nudge_the_relay_finds_them(console):
    console.lay(AFTER_COMMIT)
    assert console.act("invite", PEOPLE).exitcode == KILLED
    assert states(console) == {"queued": 3}
    relayed(console)
    assert copies(console) == [1, 1, 1]


def test_killed_between_nudge_and_claim_the_task_comes_back(console, worker):
    fuse = console.lay(AFTER_NUDGE)
    invited(console)
    until(lambda: states(console) == {"sent": 3})
    assert not fuse.exists()
    assert copies(console) == [1, 1, 1]


@pytest.mark.parametrize("policy", ["resend", "wait"])
def test_killed_between_claim_and_sending_others_take_over(console, policy):
    invited(console)
    console.lay(AFTER_CLAIM)
    assert console.act("relay").exitcode == KILLED
    assert states(console) == {"queued": 3}
    relayed(console, policy)
    assert copies(console) == [1, 1, 1]


def test_killed_just_before_sending_others_take_over(console):
    invited(console)
    console.lay(BEFORE_SENDING)
    assert console.act("relay").exitcode == KILLED
    assert states(console) == {"queued": 2, "sending": 1}
    relayed(console)
    assert copies(console) == [1, 1, 1]


def test_killed_just_before_sending_it_waits_where_that_is_the_policy(console):
    invited(console)
    console.lay(BEFORE_SENDING)
    assert console.act("relay").exitcode == KILLED
    relayed(console, "wait")
    assert states(console) == {"sent": 2, "unknown": 1}
    assert copies(console) == [0, 1, 1]


@pytest.mark.parametrize(("policy", "accepted"), [("resend", [1, 1, 2]), ("wait", [1, 1, 1])])
def test_killed_while_the_answer_was_on_its_way_that_one_may_come_twice(console, policy, accepted):
    invited(console)
    console.sink.data.append(HANG)
    relay = console.start("relay")
    until(console.sink.taken.is_set)
    relay.kill()
    relayed(console, policy)
    assert copies(console) == accepted


@pytest.mark.parametrize(("policy", "accepted"), [("resend", [1, 1, 2]), ("wait", [1, 1, 1])])
def test_an_answer_lost_on_the_line_that_one_may_come_twice(console, policy, accepted):
    invited(console)
    console.sink.data.append(DROP)
    relayed(console, policy)
    assert copies(console) == accepted


@pytest.mark.parametrize(("policy", "accepted"), [("resend", [1, 1, 2]), ("wait", [1, 1, 1])])
def test_killed_between_answer_and_mark_that_one_may_come_twice(console, policy, accepted):
    invited(console)
    console.lay(AFTER_ANSWER)
    assert console.act("relay").exitcode == KILLED
    relayed(console, policy)
    assert copies(console) == accepted


def stopped_at(console: Console, point: str) -> int:
    """Stop a relay for longer than its lease while another one does its work; answers its exit code."""
    invited(console)
    fuse = console.lay(point, "SIGSTOP")
    first = console.start("relay")
    until(lambda: not fuse.exists() and psutil.Process(first.pid).status() == psutil.STATUS_STOPPED)
    time.sleep(LEASE)
    relayed(console)
    os.kill(first.pid, signal.SIGCONT)
    first.join(20)
    return first.exitcode


@pytest.mark.parametrize("point", [AFTER_CLAIM, AFTER_RENDER])
def test_a_relay_stopped_past_its_lease_sends_nothing_that_others_sent(console, point):
    assert stopped_at(console, point) == 0
    assert copies(console) == [1, 1, 1]
    assert states(console) == {"sent": 3}


def test_a_relay_stopped_in_the_act_of_sending_sends_that_one_twice_and_marks_nothing(console):
    marks = "SELECT count FROM members_mailcount WHERE outbox = 'delivery' AND result = 'overtaken'"
    before = dict(enumerate(console.rows(marks)))
    assert stopped_at(console, BEFORE_SENDING) == 0
    assert copies(console) == [1, 1, 2]
    assert states(console) == {"sent": 3}
    assert dict(enumerate(console.rows(marks))) != before


def test_a_broker_that_forgot_everything_loses_nothing(console, worker):
    worker.suspend()
    invited(console)
    console.redis().flushall()
    worker.resume()
    until(lambda: states(console) == {"sent": 3})
    assert copies(console) == [1, 1, 1]


def test_a_broker_that_hangs_does_not_hold_up_inviting(console):
    os.kill(console.valkey.pid, signal.SIGSTOP)
    try:
        invited(console)
    finally:
        os.kill(console.valkey.pid, signal.SIGCONT)
    relayed(console)
    assert copies(console) == [1, 1, 1]


def test_with_the_broker_gone_inviting_works_and_mail_leaves_when_it_is_back(console, worker):
    os.kill(console.valkey.pid, signal.SIGKILL)
    signs = [console.layout.data / f"{name}.alive" for name in ("worker", "beat")]
    try:
        invited(console)
        assert states(console) == {"queued": 3}
        for sign in signs:
            sign.unlink()
        until(lambda: all(sign.exists() for sign in signs))  # they wait, and are not stuck
    finally:
        console.valkey.stop(1)
        console.start_valkey()
    until(lambda: states(console) == {"sent": 3}, patience=30)
    assert copies(console) == [1, 1, 1]
    for sign in signs:
        sign.unlink()
    until(lambda: all(sign.exists() for sign in signs))  # they go on saying that they live


def test_a_beat_that_starts_before_the_broker_waits_steadily_and_counts_as_alive(console):
    os.kill(console.valkey.pid, signal.SIGKILL)
    sign = console.layout.data / "beat.alive"
    try:
        console.start("beat")
        for patience in (10, 4, 4, 4):
            sign.unlink(missing_ok=True)
            until(sign.exists, patience)
            assert sign.exists()
    finally:
        console.valkey.stop(1)
        console.start_valkey()
    until(lambda: console.redis().llen("celery"), patience=10)
    assert console.redis().llen("celery") > 0


def test_a_database_that_crashes_while_mail_is_sent_loses_nothing(console, worker):
    console.sink.pause = 0.3
    invited(console)
    until(console.sink.taken.is_set)
    os.kill(console.postgres.pid, signal.SIGQUIT)  # ends at once, without writing anything down
    console.postgres.stop(10)
    console.start_postgres()
    until(lambda: states(console) == {"sent": 3}, patience=30)
    # Away for longer than its answer can wait to be marked, the one that was being sent may come twice.
    assert copies(console) in ([1, 1, 1], [1, 1, 2])
