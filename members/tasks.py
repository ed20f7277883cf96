"""The worker's way in."""

from celery import shared_task

from members import emails, outbox, relay
from members.models import AccountMail


@shared_task  # type: ignore[untyped-decorator]  # -- celery ships no types
def drain() -> None:
    """Send the account mails that are due."""
    relay.drain(AccountMail.objects.all(), emails.render)


def nudge() -> None:
    """Ask for ``drain`` now; meant for on_commit."""
    outbox.nudge(drain)
