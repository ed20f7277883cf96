"""How many invitation mails may leave in a day, and how soon one after the other: counted in Postgres, by the mails.

Counted is what somebody sends: invitations, renewals, resends and corrected addresses. What follows from those is not
(a reminder for a sending, word to the Admins who asked for a link or joined): it cannot outnumber them, and refusing it
would lose something that nobody could be told of. A mail that failed was counted when it was made. What is refused
makes no mail, and so uses nothing up.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from math import ceil
from typing import Any, cast

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext

from invitations.models import Delivery, Invitation, Kind, Outcome
from members.access import Actor
from members.errors import DomainError, RateLimited, Undeliverable
from members.models import Workspace

DAY = timedelta(days=1)
PAUSE = timedelta(minutes=1)
MINUTE, HOUR = 60, 3600
COMPLAINED = gettext_lazy("An earlier email to this address was marked as spam.")
TODAY = gettext_lazy("At most %(most)s invitation emails a day go to one address. Try again in %(wait)s.")
OF_INVITER = gettext_lazy("You have sent %(most)s invitation emails within a day. Try again in %(wait)s.")
OF_WORKSPACE = gettext_lazy("This workspace has sent %(most)s invitation emails within a day. Try again in %(wait)s.")

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('invitations.mails.' || %s, 0))"
# Each address is looked up by itself: joined, a table that is not analysed yet would be read for all of its workspace.
_READ = """
SELECT address,
    (SELECT id FROM members_membership WHERE workspace_id = %(workspace)s AND email = address),
    ARRAY(
        SELECT created_at FROM invitations_delivery
        WHERE workspace_id = %(workspace)s AND recipient = address AND kind = 'invitation'
            AND created_at > statement_timestamp() - interval '1 day'
        ORDER BY created_at DESC
    ),
    ARRAY(
        SELECT outcome FROM invitations_delivery
        WHERE workspace_id = %(workspace)s AND recipient = address AND {suppressing}
    ),
    (
        SELECT count(*) FROM invitations_delivery
        WHERE workspace_id = %(workspace)s AND kind = 'invitation'
            AND created_at > statement_timestamp() - interval '1 day'
    ),
    (
        SELECT count(*) FROM invitations_delivery
        WHERE sender_id = %(sender)s AND created_at > statement_timestamp() - interval '1 day'
    ),
    statement_timestamp()
FROM unnest(%(emails)s::text[]) AS address
"""


def require_pause(invitation: Invitation, now: datetime) -> None:
    """Raise RateLimited if the invitation was sent less than a minute ago."""
    wait = invitation.sent_at + PAUSE - now
    if wait > timedelta(0):
        raise too_soon(gettext_lazy("This invitation was sent less than a minute ago. Try again in %(wait)s."), wait)


def require_reachable(workspace: Workspace, email: str) -> None:
    """Raise Undeliverable if the address is suppressed in the workspace."""
    outcomes = set(workspace.deliveries.suppressing().filter(recipient=email).values_list("outcome", flat=True))
    if outcomes:
        raise _undeliverable(outcomes)


def _undeliverable(outcomes: Collection[str]) -> Undeliverable:
    return Undeliverable(COMPLAINED if Outcome.COMPLAINED in outcomes else None)


def too_soon(words: str | Promise, wait: timedelta, most: int = 0) -> RateLimited:
    """Return an error that says how long to wait, in words and in seconds."""
    seconds = max(1, ceil(wait.total_seconds()))
    return RateLimited(words % {"most": most, "wait": _spoken(seconds)}, retry_after=seconds)


def _spoken(seconds: int) -> str:
    if seconds < 2 * MINUTE:
        return ngettext("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}
    if seconds < 2 * HOUR:
        minutes = ceil(seconds / MINUTE)
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    hours = ceil(seconds / HOUR)
    return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}


@dataclass
class _Limit:
    """A daily limit: ``whose`` mails count, and of today's there are so many ``sent``."""

    whose: Q
    most: int
    words: str | Promise
    sent: int
    spent: int = 0
    refused: DomainError | None = None

    def refusal(self, now: datetime) -> DomainError | None:
        """Return why nothing more may be sent, made once for a batch, or None."""
        if self.sent + self.spent < self.most:
            return None
        if self.refused is None:
            # The mail whose leaving the day makes room; one that this batch is about to write leaves last of all.
            rows = Delivery.objects.filter(self.whose, kind=Kind.INVITATION, created_at__gt=now - DAY)
            times = rows.order_by("-created_at").values_list("created_at", flat=True)
            place = max(min(self.most, self.sent) - 1, 0)
            made = next(iter(times[place : place + 1]), now)
            self.refused = too_soon(self.words, made + DAY - now, self.most)
        return self.refused


class Allowance:
    """What may still be sent to some addresses, by this actor from this workspace, read under the locks.

    ``now`` is the database's time since then, ``members`` who in the workspace has one of the addresses, by id. The
    workspace's lock holds for its own limits. An inviter's goes across workspaces, and is held by a lock of its
    own, always taken last.
    """

    def __init__(self, actor: Actor, workspace: Workspace, emails: Collection[str]) -> None:
        workspace.require_lock()
        rows = _read(actor, workspace, emails)
        *_, of_workspace, of_inviter, self.now = rows[0]
        self.limits = [_Limit(Q(workspace=workspace), settings.MAILS_PER_WORKSPACE, OF_WORKSPACE, of_workspace)]
        if actor.id is not None:
            of_actor = _Limit(Q(sender_id=actor.id), settings.MAILS_PER_INVITER, OF_INVITER, of_inviter)
            self.limits.insert(0, of_actor)
        self.members = [member for _email, member, *_ in rows if member is not None]
        self.history = {email: (times, outcomes) for email, _member, times, outcomes, *_ in rows}

    def refusal(self, email: str) -> DomainError | None:
        """Return why no invitation may be sent to the address now, or None."""
        times, suppressed = self.history[email]
        if suppressed:
            return _undeliverable(suppressed)
        most = settings.MAILS_PER_ADDRESS
        if len(times) >= most:
            freed = times[most - 1] if most else self.now
            return too_soon(TODAY, freed + DAY - self.now, most)
        return next(filter(None, (limit.refusal(self.now) for limit in self.limits)), None)

    def require(self, email: str) -> None:
        """Count one mail, or raise Undeliverable or RateLimited if it may not be sent."""
        if error := self.refusal(email):
            raise error
        self.spend()

    def spend(self) -> None:
        """Count a mail that the caller is about to write."""
        for limit in self.limits:
            limit.spent += 1


@cache
def _statement() -> str:
    """Return ``_READ`` with the one condition for suppressing deliveries, written out in SQL."""
    query = Delivery.objects.suppressing().query
    compiler, operations = cast("Any", query.get_compiler(connection=connection)), cast("Any", connection.ops)
    return _READ.replace("{suppressing}", operations.compose_sql(*compiler.compile(query.where)))


def _read(actor: Actor, workspace: Workspace, emails: Collection[str]) -> list[tuple[Any, ...]]:
    """Return what decides about a mail to each address; nobody else sends as the actor until the transaction ends."""
    with connection.cursor() as cursor:
        if actor.id is not None:
            cursor.execute(_LOCK, [str(actor.id)])
        cursor.execute(_statement(), {"workspace": workspace.id, "sender": actor.id, "emails": list(emails)})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
