"""Tasks of the worker, and of beat."""

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
    """Run chunks of jobs for a few seconds, so that mail isn't delayed, and come back if there is more."""
    ends = time.monotonic() + JOB_SECONDS
    while jobs.run_next():
        if time.monotonic() > ends:
            queue.nudge("members.tasks.run_jobs")
            return


@shared_task  # type: ignore[untyped-decorator]  # -- as above
def delete_expired_jobs() -> None:
    """Delete the jobs that ended 30 days ago."""
    jobs.delete_expired()


@shared_task  # type: ignore[untyped-decorator]  # -- as above
def end_lapsed_sessions() -> None:
    """Sign out people whose last membership has lapsed."""
    services.end_lapsed_sessions()


@shared_task  # type: ignore[untyped-decorator]  # -- as above
def forget_answers() -> None:
    """Delete idempotent responses that are a day old."""
    idempotency.delete_expired()


@shared_task  # type: ignore[untyped-decorator]  # -- as above
def forget_mails() -> None:
    """Delete account mail done with 30 days ago."""
    emails.delete_old()


@shared_task  # type: ignore[untyped-decorator]  # -- as above
def forget_sessions() -> None:
    """Delete expired sessions."""
    session_store.SessionStore.clear_expired()
