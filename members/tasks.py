"""The doorbell of the account mails' outbox."""

import structlog
from celery import shared_task

from members import emails, outbox
from members.models import AccountMail

log = structlog.get_logger(__name__)


@shared_task
def drain() -> None:
    """Send the account mails that are due."""
    outbox.drain(AccountMail.objects.all(), emails.render)


def nudge() -> None:
    """Wake a worker. A broker that is away costs nothing but time: the relay on beat finds the rows as well."""
    try:
        drain.apply_async(retry=False)
    except Exception as error:  # noqa: BLE001 -- whatever the broker's client raises, the mail stands in the outbox
        log.warning("nudge_failed", task="members.drain", error=type(error).__name__)
