"""Workers are killed in the middle of jobs: another goes on where they stopped, and nothing is done twice."""

import secrets
import signal

import pytest

from tests.crashes.points import AFTER_COMMIT, CHUNK_COMMITTED, CHUNK_DONE

pytestmark = pytest.mark.soak  # once with all tests, SOAK_ROUNDS times by make soak
EVENTS = "SELECT count(*), count(DISTINCT target_id) FROM members_auditevent WHERE action = %s AND target_label LIKE %s"


@pytest.mark.parametrize(
    ("kind", "event"), [("invitations.invite", "invitation.created"), ("members.change", "member.removed")]
)
def test_a_killed_job_goes_on_where_it_stopped(console, kind, event):
    word = secrets.token_hex(4)
    emails = [f"{word}-{number}@jobs.example" for number in range(250)]
    assert console.act("start_job", kind, emails).exitcode == 0

    for point, done in ((CHUNK_DONE, 0), (CHUNK_COMMITTED, 100), (AFTER_COMMIT, 200)):
        fuse = console.lay(point)
        assert console.act("run_jobs").exitcode == -signal.SIGKILL
        assert not fuse.exists()
        assert console.rows("SELECT status, done, refused FROM members_job") == [("working", done, 0)]
        assert console.rows(EVENTS, event, f"%{word}-%") == [(done, done)]
        console.rows("UPDATE members_job SET leased_until = now()")  # as time passes

    assert console.act("run_jobs").exitcode == 0
    assert console.rows("SELECT status, done, refused FROM members_job") == [("done", 250, 0)]
    assert console.rows(EVENTS, event, f"%{word}-%") == [(250, 250)]
    results = "SELECT count(*) FROM members_jobrow WHERE result ->> 'result' = 'done'"
    assert console.rows(results) == [(250,)]
