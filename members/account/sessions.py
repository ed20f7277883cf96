"""Where a person is signed in, and how they sign out there."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import HASH_SESSION_KEY
from django.db.models import F
from django.db.models.functions import Now
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from members.models import User

SHOWN = 50
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""Marks in the User-Agent header with names, most specific first: nearly every browser also claims to be another."""
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """One session in force. ``name`` identifies it on a page: its key would be as good as its cookie."""

    name: str
    device: str
    seen_at: datetime | None
    here: bool


def sign_ins(user: User, key: str | None) -> list[SignIn]:
    """Return the person's sessions, at most fifty: the one with this key first, then the last used."""
    rows = user.sessions.filter(expire_date__gt=Now()).order_by(F("seen_at").desc(nulls_last=True))[:SHOWN]
    # Others have rows, but were ended by a new password or with the last membership.
    good = {user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()}
    found = [
        SignIn(name=_name(row.pk), device=describe(row.agent), seen_at=row.seen_at, here=row.pk == key)
        for row in rows
        if row.get_decoded().get(HASH_SESSION_KEY) in good
    ]
    return sorted(found, key=lambda one: not one.here)


def end(user: User, name: str, key: str | None) -> None:
    """End the person's session of this name, unless it is the one in use."""
    for row in user.sessions.exclude(pk=key or ""):
        if constant_time_compare(_name(row.pk), name):
            row.delete()


def end_others(user: User, key: str | None) -> None:
    """End all sessions of the person except the one with this key."""
    user.sessions.exclude(pk=key or "").delete()


def _name(key: str) -> str:
    return str(salted_hmac("members.signins", key, algorithm="sha256").hexdigest())


def describe(agent: str) -> str:
    """Return browser and system in words, as far as the User-Agent header says."""
    browser, system = _first(BROWSERS, agent), _first(SYSTEMS, agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown device")


def _first(names: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for mark, name in names if mark in agent), "")
