"""Proofs that an address is a person's: the browser or password that signed up, or a link for a new password.

A link that only confirms shows who reads the mailbox, not who chose the password. Whoever signs up with someone else's
address waits for its owner to open that link: the account would be in the owner's name, with a password that isn't.
"""

from typing import Any

from allauth.account.models import EmailAddress
from django.utils.crypto import constant_time_compare

from members.models import User

_SIGNED_UP = "signed_up"


def remember(session: Any, user: User) -> None:
    """Keep in this browser's session that the account's password was given in it."""
    session[_SIGNED_UP] = user.get_session_auth_hash()


def remembered(session: Any, user: User) -> bool:
    """Return whether the account's current password was entered in this browser."""
    return constant_time_compare(session.get(_SIGNED_UP, ""), user.get_session_auth_hash())


def prove_address(user: User) -> None:
    """Mark the address that was read with the account as verified: a link sent there was opened."""
    EmailAddress.objects.filter(user=user, email=user.email).update(verified=True, primary=True)
