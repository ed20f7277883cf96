"""Links that prove a new address: derived from the mail's row and the account as it stands, never stored."""

import uuid
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db.models.functions import Now
from django.utils.crypto import constant_time_compare, salted_hmac

from members.models import AccountMail, User

KIND = "change_address"
LIFE = timedelta(days=3)


def _digest(mail: AccountMail, user: User) -> str:
    # Every change of address makes a new row of EmailAddress: with its id in it, no link works twice.
    proved = (
        EmailAddress.objects.filter(user=user, email=user.email, verified=True).values_list("pk", flat=True).first()
    )
    parts = (mail.pk, user.pk, proved, user.email, mail.email, user.password)
    value = "\n".join(str(part) for part in parts)
    return str(salted_hmac("members.change_address", value, algorithm="sha256").hexdigest())


def make(mail: AccountMail, user: User) -> str:
    """Return an email's token: the same on every call until the person's address or password changes."""
    return f"{mail.pk}.{_digest(mail, user)}"


def find(token: str, user: User) -> AccountMail | None:
    """Return the email that carries this link, or None if it is another person's, used or too old."""
    identifier, _, digest = token.partition(".")
    try:
        mail_id = uuid.UUID(identifier)
    except ValueError:
        return None
    mail = AccountMail.objects.filter(id=mail_id, user=user, kind=KIND, created_at__gt=Now() - LIFE).first()
    return mail if mail is not None and constant_time_compare(_digest(mail, user), digest) else None
