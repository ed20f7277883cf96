"""Sign-in sessions: Django's, in rows that know their person, so that people can see and end theirs."""

import re
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, CreateError, UpdateError
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import IntegrityError, models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import get_random_string

from members.prepared import Prepared

STEP = timedelta(minutes=10)
AGENT_LENGTH = 300
KEY_LENGTH = 32
AT_ONCE = 1_000
MOST_BATCHES = 100
_KEY = re.compile(r"[0-9a-z]{8,40}")


class Session(AbstractBaseSession):
    """One browser's session, with its person, browser and last use while it is signed in."""

    user = models.ForeignKey("members.User", on_delete=models.CASCADE, null=True, related_name="sessions")
    agent = models.CharField(max_length=AGENT_LENGTH, blank=True)
    seen_at = models.DateTimeField(null=True)

    @classmethod
    def get_session_store_class(cls) -> "type[SessionStore]":
        """Return the store that reads and writes the rows."""
        return SessionStore


class SessionStore(db.SessionStore):
    """Reads and writes the rows: settings.SESSION_ENGINE names this module."""

    row: Session | None = None
    moving = False
    """Whether it gets a new key when it is saved."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return the session model."""
        return Session

    def _validate_session_key(self, key: str | None) -> bool:
        """Return whether the cookie's value has the form of a session key."""
        return key is not None and _KEY.fullmatch(key) is not None

    def _get_session_from_db(self) -> Session | None:
        self.row = _in_force.first(key=self.session_key)
        if self.row is None:
            self._session_key = None
        return self.row

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row to write, with the person it belongs to."""
        session = cast("Session", super().create_model_instance(data))
        session.user_id = data.get(SESSION_KEY)
        return session

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 -- Django's signature
        """Write the session, an existing one in one statement; raise UpdateError if it was ended meanwhile."""
        if must_create or self.session_key is None:
            self._insert(must_create=must_create)
            return
        new = self.create_model_instance(dict(self.items()))
        if self.moving:
            new.session_key = get_random_string(KEY_LENGTH, VALID_KEY_CHARS)
        written = {name: getattr(new, name) for name in ("session_key", "session_data", "expire_date", "user_id")}
        try:
            found = Session.objects.filter(pk=self.session_key).update(**written)
        except IntegrityError:  # the account was deleted meanwhile
            raise UpdateError from None
        if found:
            self._session_key, self.moving = new.session_key, False
        elif self.moving and self.row is not None and self.row.user_id is None:
            # Someone sent the sign-in form twice at once, and the other one moved the session to a new key.
            self.create()
        else:
            raise UpdateError

    def _insert(self, *, must_create: bool) -> None:
        """Write a new row, unless the account was deleted meanwhile: Django would try key after key for ever.

        Raises:
            CreateError, UpdateError
        """
        try:
            super().save(must_create=must_create)
        except CreateError:
            user_id = self.get(SESSION_KEY)
            if user_id and not get_user_model().objects.filter(pk=user_id).exists():
                raise UpdateError from None
            raise

    def note_use(self, user_id: UUID, agent: str) -> None:
        """Save the session's person, browser and last use, in steps of ten minutes."""
        now, row = timezone.now(), self.row
        if row is None or (row.seen_at is not None and row.seen_at > now - STEP):
            return
        row.agent, row.seen_at = agent.replace("\0", "")[:AGENT_LENGTH], now
        Session.objects.filter(pk=row.pk).update(user=user_id, agent=row.agent, seen_at=now)

    @classmethod
    def clear_expired(cls) -> None:
        """Delete expired rows, a thousand in one statement, a hundred thousand in one call at most."""
        over = Session.objects.filter(expire_date__lte=Now())
        for _ in range(MOST_BATCHES):
            oldest = over.order_by("expire_date").values("pk")[:AT_ONCE]
            if over.filter(pk__in=oldest).delete()[0] < AT_ONCE:
                break

    def cycle_key(self) -> None:
        """Give the session a new key at its next save; the old one stops working then."""
        # Read first: a session that has ended must not live on under another key.
        self.keys()
        if self.session_key is None:
            super().cycle_key()
        else:
            self.moving = self.modified = True


_in_force = Prepared(lambda key: Session.objects.filter(session_key=key, expire_date__gt=Now()))
