"""The worker's way in."""

from celery import shared_task

from invitations import deliveries
from members import outbox


@shared_task  # type: ignore[untyped-decorator]  # -- celery ships no types
def drain() -> None:
    """Send the invitations' emails that are due."""
    deliveries.drain()


def nudge() -> None:
    """Ask for ``drain`` now; meant for on_commit."""
    outbox.nudge(drain)
