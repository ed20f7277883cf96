"""What the mails about accounts say, and whether they are still true."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from allauth.account import app_settings
from allauth.account.forms import EmailAwarePasswordResetTokenGenerator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.signing import TimestampSigner, b62_encode
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import get_language

from members.account import address_tokens
from members.models import AccountMail, User
from members.outbox import queue
from members.outbox.compose import compose
from members.outbox.queue import State

KEPT_FOR = timedelta(days=30)
AT_ONCE = 10_000


def send(kind: str, *, user: User | None, email: str) -> None:
    """Write a message to the outbox, in the language of the page that caused it."""
    with transaction.atomic():
        AccountMail.objects.create(kind=kind, user=user, email=email, language=language())
        transaction.on_commit(partial(queue.nudge, "members.tasks.drain"), robust=True)


def language() -> str:
    """Return the current language if the console has it, else the default one."""
    current = get_language() or settings.LANGUAGE_CODE
    return current if current in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def delete_old() -> int:
    """Delete messages done with 30 days ago and return how many, at most 10,000 a call."""
    over = AccountMail.objects.exclude(state__in=queue.OPEN).filter(created_at__lte=Now() - KEPT_FOR)
    return over.filter(pk__in=over.values("pk")[:AT_ONCE]).delete()[0]


def render(mail: AccountMail) -> EmailMultiAlternatives | None:
    """Return the message, its link derived from keys that are in no table.

    None if it is no longer true: the account is gone or closed, or its address was changed or verified since.
    """
    context = _CONTEXTS[mail.kind](mail)
    if context is None:
        return None
    return compose(
        mail.kind,
        to=mail.email,
        language=mail.language,
        message_id=mail.message_id,
        key=str(mail.pk),
        context={**context, "email": mail.email},
    )


class _SignerAt(TimestampSigner):
    """Signs as of a fixed moment, so that a retry carries the same link."""

    def __init__(self, moment: datetime) -> None:
        super().__init__(salt=app_settings.SALT)
        self.moment = moment

    def timestamp(self) -> str:
        return b62_encode(int(self.moment.timestamp()))


class _TokensAt(EmailAwarePasswordResetTokenGenerator):  # type: ignore[misc]  # -- allauth ships no types
    """Makes password tokens as of a fixed moment, so that a retry carries the same link."""

    def __init__(self, moment: datetime) -> None:
        super().__init__()
        self.moment = moment

    def _now(self) -> datetime:
        return self.moment.astimezone().replace(tzinfo=None)


def _confirm_address(mail: AccountMail) -> dict[str, Any] | None:
    address = EmailAddress.objects.filter(user_id=mail.user_id, email=mail.email, verified=False).first()
    if address is None:
        return None
    key = _SignerAt(mail.created_at).sign_object(address.pk)
    return {"user_name": address.user.name, "url": _url("account_confirm_email", key)}


def _password_reset(mail: AccountMail) -> dict[str, Any] | None:
    # Only to the account's current address: the token opens the account.
    user = User.objects.filter(account_mails=mail, is_active=True, email=mail.email).first()
    if user is None:
        return None
    token = _TokensAt(mail.created_at).make_token(user)
    return {"user_name": user.name, "url": _url("account_reset_password_from_key", user_pk_to_url_str(user), token)}


def _password_changed(mail: AccountMail) -> dict[str, Any] | None:
    return {"user_name": mail.user.name, "url": _url("account_reset_password")} if mail.user else None


def _change_address(mail: AccountMail) -> dict[str, Any] | None:
    # Account and state in one statement, so that a cancelled link is never made from the changed account.
    waiting = AccountMail.objects.filter(state__in=[State.QUEUED, State.SENDING], user__is_active=True)
    row = waiting.select_related("user").filter(pk=mail.pk).first()
    if row is None or row.user is None:
        return None
    return {"user_name": row.user.name, "url": _url("profile-address-link", address_tokens.make(row, row.user))}


def _address_changed(mail: AccountMail) -> dict[str, Any] | None:
    return {"user_name": mail.user.name} if mail.user else None


def _account_exists(mail: AccountMail) -> dict[str, Any]:  # noqa: ARG001 -- one signature for all
    return {"user_name": "", "url": _url("account_reset_password")}


def _unknown_account(mail: AccountMail) -> dict[str, Any]:  # noqa: ARG001 -- one signature for all
    return {"url": _url("account_signup")}


def _url(name: str, *args: str) -> str:
    return settings.BASE_URL + reverse(name, args=args)


_CONTEXTS = {
    "confirm_address": _confirm_address,
    "password_reset": _password_reset,
    "account_exists": _account_exists,
    "unknown_account": _unknown_account,
    "password_changed": _password_changed,
    "change_address": _change_address,
    "address_changed": _address_changed,
}
