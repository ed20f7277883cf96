"""The worker's way in."""

from celery import shared_task

from members import services, session_store
from members.account import emails
from members.models import AccountMail
from members.outbox import relay
from members.rest import idempotency


@shared_task  # type: ignore[untyped-decorator]  # -- celery ships no types
def drain() -> None:
    """Send the account mails that are due."""
    relay.drain(AccountMail.objects.all(), emails.render)


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
