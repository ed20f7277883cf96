"""The worker's way in."""

from celery import shared_task

from billing_seats import emails
from billing_seats.models import Notice
from members import outbox, relay


@shared_task  # type: ignore[untyped-decorator]  # -- celery ships no types
def drain() -> None:
    """Send the notices that are due."""
    relay.drain(Notice.objects.select_related("workspace", "product"), emails.render)


def nudge() -> None:
    """Ask for ``drain`` now; meant for on_commit."""
    outbox.nudge(drain)
