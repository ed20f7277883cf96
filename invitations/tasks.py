"""The worker's way in."""

from celery import shared_task

from invitations import deliveries


@shared_task
def drain() -> None:
    """Send the invitations' emails that are due."""
    deliveries.drain()
