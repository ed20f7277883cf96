"""The worker's way in."""

from celery import shared_task

from invitations.delivery import deliveries, reminders
from members.outbox import queue


@shared_task  # type: ignore[untyped-decorator]  # -- celery ships no types
def drain() -> None:
    """Send the invitations' emails that are due."""
    deliveries.drain()


@shared_task  # type: ignore[untyped-decorator]  # -- as above
def remind() -> None:
    """Queue the reminders that are due."""
    if reminders.remind():
        nudge()


def nudge() -> None:
    """Ask for ``drain`` now; meant for on_commit."""
    queue.nudge(drain.name)
