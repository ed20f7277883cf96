"""One workspace's backlog at a slow provider delays neither another's invitation nor a password reset."""

import os
import sys

import pytest

from tests.crashes.console import Console, until

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif("SOAK_SECONDS" not in os.environ, reason="measures seconds, which only a quiet machine can"),
]
BACKLOG = 5_000
PAUSE = 0.5
MOST = 5.0
"""Seconds."""
_TOOK = "SELECT state, extract(epoch FROM sent_at - created_at)::float FROM"
_INVITATION = f"{_TOOK} invitations_delivery WHERE recipient = %s"
_RESETS = f"{_TOOK} members_accountmail WHERE kind = 'password_reset'"


def seconds_to_send(console: Console, sql: str, *values: str) -> float:
    """Wait until each of the messages is sent; return the longest time from when it was written."""
    until(lambda: {state for state, _ in console.rows(sql, *values)} == {"sent"}, patience=120)
    return max(took for _, took in console.rows(sql, *values))


def test_a_backlog_of_one_workspace_delays_nobody_else(console):
    console.act("open_another")
    console.act("fill", BACKLOG, patience=300)
    console.sink.pause = PAUSE
    console.start("worker", "worker", 2)
    console.start("worker", "accounts", 1, "--queues", "accounts")
    console.start("beat")
    until(lambda: len(console.sink.accepted) > 10, patience=60)
    invitations, resets = [], []
    for number in range(5):
        address = f"new{number}@globex.example"
        assert console.act("invite_to_globex", address).exitcode == 0
        invitations.append(seconds_to_send(console, _INVITATION, address))
        console.rows("DELETE FROM members_accountmail")
        assert console.act("ask_for_links", f"newcomer{number}@example.com").exitcode == 0
        resets.append(seconds_to_send(console, _RESETS))
    waiting = console.rows("SELECT count(*) FROM invitations_delivery WHERE state = 'queued'")[0][0]
    sys.stdout.write(
        f"\nwith {waiting} mails of another workspace waiting at {PAUSE} s each: an invitation was sent within"
        f" {max(invitations):.1f} s, a password reset within {max(resets):.1f} s (aim {MOST} s)\n"
    )
    assert waiting > BACKLOG / 2
    assert max(invitations + resets) < MOST
