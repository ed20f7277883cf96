"""Tasks of the worker, and of beat."""

from celery import shared_task

from billing_seats import notices
from billing_seats.models import Notice
from billing_seats.subscription import seat_history
from members.outbox import relay


@shared_task  # type: ignore[untyped-decorator]  # -- celery ships no types
def drain() -> None:
    """Send the notices that are due."""
    relay.drain(Notice.objects.select_related("workspace", "product"), notices.render)


@shared_task  # type: ignore[untyped-decorator]  # -- celery ships no types
def take_stock() -> None:
    """Save today's seat counts."""
    seat_history.take_stock()
