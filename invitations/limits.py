"""Daily limits on invitation mail, and the pause between two mails: counted in Postgres, by the mails themselves.

What someone sends counts: invitations, renewals, resends and corrected addresses. What follows from those doesn't
(reminders, notices to Admins): it can't outnumber them, and if it were refused nobody would know. Failed mail was
counted when it was created; refused mail is never created.
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
# Each address is looked up by itself: in a join, Postgres would read a whole workspace of a table not analysed yet.
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
    """Return an error that says how long to wait."""
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
    """A daily limit on ``whose`` mails, ``sent`` of which were sent today."""

    whose: Q
    most: int
    words: str | Promise
    sent: int
    spent: int = 0
    refused: DomainError | None = None

    def refusal(self, now: datetime) -> DomainError | None:
        """Return why nothing more may be sent, or None; made once for a batch."""
        if self.sent + self.spent < self.most:
            return None
        if self.refused is None:
            # The mail that makes room when it is a day old; one that this batch will write is the last to do so.
            rows = Delivery.objects.filter(self.whose, kind=Kind.INVITATION, created_at__gt=now - DAY)
            times = rows.order_by("-created_at").values_list("created_at", flat=True)
            place = max(min(self.most, self.sent) - 1, 0)
            made = next(iter(times[place : place + 1]), now)
            self.refused = too_soon(self.words, made + DAY - now, self.most)
        return self.refused


class Allowance:
    """What this actor may still send to some addresses, read under the locks.

    ``now`` is the database's time at that moment, ``members`` the members with one of the addresses, by id. The
    workspace's lock protects its own limits. An inviter's limit spans workspaces and has a lock of its own, always
    taken last.
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
        """Return why the address can't be sent an invitation now, or None."""
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
        """Count a mail that the caller will write."""
        for limit in self.limits:
            limit.spent += 1


@cache
def _statement() -> str:
    """Return ``_READ`` with the condition for suppression, written out as SQL."""
    query = Delivery.objects.suppressing().query
    compiler, operations = cast("Any", query.get_compiler(connection=connection)), cast("Any", connection.ops)
    return _READ.replace("{suppressing}", operations.compose_sql(*compiler.compile(query.where)))


def _read(actor: Actor, workspace: Workspace, emails: Collection[str]) -> list[tuple[Any, ...]]:
    """Return what the limits need for each address; nobody else can send as this actor until the transaction ends."""
    with connection.cursor() as cursor:
        if actor.id is not None:
            cursor.execute(_LOCK, [str(actor.id)])
        cursor.execute(_statement(), {"workspace": workspace.id, "sender": actor.id, "emails": list(emails)})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
