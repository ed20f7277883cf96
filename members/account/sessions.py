"""Where a person is signed in, and how they end it."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import HASH_SESSION_KEY
from django.db.models import F
from django.db.models.functions import Now
from django.utils.crypto import constant_time_compare, salted_hmac

from members.account.devices import describe
from members.models import User

SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """One session that is in force. ``name`` is what a page calls it by: its key would be as good as its cookie."""

    name: str
    device: str
    seen_at: datetime | None
    here: bool


def sign_ins(user: User, key: str | None) -> list[SignIn]:
    """Answer where the person is signed in: the session with this key first, then the last used; fifty at most."""
    rows = user.sessions.filter(expire_date__gt=Now()).order_by(F("seen_at").desc(nulls_last=True))[:SHOWN]
    # Others are there still, but ended: by a new password, or with the last membership.
    good = {user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()}
    found = [
        SignIn(name=_name(row.pk), device=describe(row.agent), seen_at=row.seen_at, here=row.pk == key)
        for row in rows
        if row.get_decoded().get(HASH_SESSION_KEY) in good
    ]
    return sorted(found, key=lambda one: not one.here)


def end(user: User, name: str, key: str | None) -> None:
    """End the person's session of this name, wherever it is; none is left to end twice, and never the one in use."""
    for row in user.sessions.exclude(pk=key or ""):
        if constant_time_compare(_name(row.pk), name):
            row.delete()


def end_others(user: User, key: str | None) -> None:
    """End every session of the person but the one with this key."""
    user.sessions.exclude(pk=key or "").delete()


def _name(key: str) -> str:
    return str(salted_hmac("members.signins", key, algorithm="sha256").hexdigest())
