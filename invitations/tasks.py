"""Celery tasks of invitations."""

from celery import shared_task

from invitations import services
from invitations.delivery import emails, reminders
from invitations.models import Delivery, WebhookToken
from members.outbox import relay


@shared_task  # type: ignore[untyped-decorator]  # -- celery ships no types
def drain() -> int:
    """Send the invitation emails that are due, and return how many were handled."""
    return relay.drain(Delivery.objects.all(), emails.render)


@shared_task  # type: ignore[untyped-decorator]  # -- as above
def remind() -> None:
    """Queue the reminders that are due."""
    if reminders.remind():
        Delivery.objects.send_on_commit()


@shared_task  # type: ignore[untyped-decorator]  # -- as above
def housekeep() -> None:
    """Free the seats of offers that expired long ago, and delete webhook tokens too old to be used."""
    services.release_expired_seats()
    WebhookToken.objects.delete_expired()
