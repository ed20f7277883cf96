"""The worker's way in."""

import time

from celery import shared_task

from members import services, session_store
from members.account import emails
from members.jobs import services as jobs
from members.models import AccountMail
from members.outbox import queue, relay
from members.rest import idempotency

JOB_SECONDS = 5.0


@shared_task  # type: ignore[untyped-decorator]  # -- celery ships no types
def drain() -> None:
    """Send the account mails that are due."""
    relay.drain(AccountMail.objects.all(), emails.render)


@shared_task  # type: ignore[untyped-decorator]  # -- as above
def run_jobs() -> None:
    """Run chunks of jobs for a few seconds, so that mail is not kept waiting, and ask for more if there is more."""
    ends = time.monotonic() + JOB_SECONDS
    while jobs.run_next():
        if time.monotonic() > ends:
            queue.nudge("members.tasks.run_jobs")
            return


@shared_task  # type: ignore[untyped-decorator]  # -- as above
def delete_expired_jobs() -> None:
    """Delete the jobs that ended a week ago."""
    jobs.delete_expired()


@shared_task  # type: ignore[untyped-decorator]  # -- as above
def end_lapsed_sessions() -> None:
    """Sign out the people whose last access has ended since."""
    services.end_lapsed_sessions()


@shared_task  # type: ignore[untyped-decorator]  # -- as above
def forget_answers() -> None:
    """Delete what was kept of POSTs for repetitions, and its day is over."""
    idempotency.delete_expired()


@shared_task  # type: ignore[untyped-decorator]  # -- as above
def forget_mails() -> None:
    """Delete account mail that was done with 30 days ago."""
    emails.delete_old()


@shared_task  # type: ignore[untyped-decorator]  # -- as above
def forget_sessions() -> None:
    """Delete the sessions whose end has passed."""
    session_store.SessionStore.clear_expired()
