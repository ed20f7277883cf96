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
from typing import Any

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext

from invitations.models import Delivery, Invitation, Kind, Outcome
from members.access import Actor
from members.errors import DomainError, RateLimited, Undeliverable
from members.models import Workspace

DAY = timedelta(days=1)
PAUSE = timedelta(minutes=1)
MINUTE, HOUR = 60, 3600
HELD = Q(outcome__in=[Outcome.BOUNCED, Outcome.COMPLAINED], soft=False, released_at=None)
"""Outcomes for which an address is held back: in this workspace, until an Admin releases it."""
COMPLAINED = gettext_lazy("Whoever reads mail at this address marked an earlier email as spam.")
TODAY = gettext_lazy("At most %(most)s invitation emails a day go to one address. Try again in %(wait)s.")
OF_INVITER = gettext_lazy("You have sent %(most)s invitation emails within a day. Try again in %(wait)s.")
OF_WORKSPACE = gettext_lazy("This workspace has sent %(most)s invitation emails within a day. Try again in %(wait)s.")

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('invitations.mails.' || %s, 0))"
_COUNT = """
SELECT (SELECT count(*) FROM invitations_delivery WHERE workspace_id = %s AND kind = 'invitation' AND created_at > %s),
       (SELECT count(*) FROM invitations_delivery WHERE sender_id = %s AND created_at > %s)
"""


def pause(invitation: Invitation, now: datetime) -> None:
    """Let a resend through.

    Raises:
        RateLimited: sent less than a minute ago.
    """
    wait = invitation.sent_at + PAUSE - now
    if wait > timedelta(0):
        raise too_soon(gettext_lazy("This invitation was sent less than a minute ago. Try again in %(wait)s."), wait)


def too_soon(words: str | Promise, wait: timedelta, most: int = 0) -> RateLimited:
    """Answer a refusal whose words say how long to wait, as does its ``retry_after``, in seconds."""
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
    """A daily limit: ``rows`` are the mails that count, ``sent`` how many there are of today's."""

    rows: QuerySet[Delivery]
    most: int
    words: str | Promise
    sent: int
    spent: int = 0
    refused: DomainError | None = None

    def refusal(self, now: datetime) -> DomainError | None:
        """Answer why nothing more may be sent, once for a batch, or None."""
        if self.sent + self.spent < self.most:
            return None
        if self.refused is None:
            # The mail whose leaving the day makes room; one that this batch is about to write leaves last of all.
            times = (
                self.rows.filter(created_at__gt=now - DAY).order_by("-created_at").values_list("created_at", flat=True)
            )
            place = max(min(self.most, self.sent) - 1, 0)
            made = next(iter(times[place : place + 1]), now)
            self.refused = too_soon(self.words, made + DAY - now, self.most)
        return self.refused


class Allowance:
    """What may still be sent to some addresses, by this actor from this workspace, as it stands under the locks.

    The workspace's lock holds for its own limits. An inviter's goes across workspaces, and is held by a lock of its
    own, always taken last.
    """

    def __init__(self, actor: Actor, workspace: Workspace, emails: Collection[str], now: datetime) -> None:
        workspace.require_lock()
        self.now = now
        sent = _counted(actor, workspace, now)
        counted = Delivery.objects.filter(kind=Kind.INVITATION)
        of_workspace, of_inviter = counted.filter(workspace=workspace), counted.filter(sender_id=actor.id)
        self.limits = [_Limit(of_workspace, settings.MAILS_PER_WORKSPACE, OF_WORKSPACE, sent[0])]
        if actor.id is not None:
            self.limits.insert(0, _Limit(of_inviter, settings.MAILS_PER_INVITER, OF_INVITER, sent[1]))
        self.history = _history(workspace, emails)

    def refusal(self, email: str) -> DomainError | None:
        """Answer why no invitation may be sent to the address now, or None."""
        times, held = self.history.get(email, ([], []))
        if held:
            return Undeliverable(COMPLAINED if Outcome.COMPLAINED in held else None)
        most = settings.MAILS_PER_ADDRESS
        if len(times) >= most:
            freed = times[most - 1] if most else self.now
            return too_soon(TODAY, freed + DAY - self.now, most)
        return next(filter(None, (limit.refusal(self.now) for limit in self.limits)), None)

    def require(self, email: str) -> None:
        """Let one mail through, and count it.

        Raises:
            Undeliverable, RateLimited
        """
        if error := self.refusal(email):
            raise error
        self.spend()

    def spend(self) -> None:
        """Count a mail that the caller is about to write."""
        for limit in self.limits:
            limit.spent += 1


def _counted(actor: Actor, workspace: Workspace, now: datetime) -> tuple[int, int]:
    """Answer how many mails workspace and inviter sent within a day; nobody else sends as the inviter meanwhile."""
    with connection.cursor() as cursor:
        if actor.id is not None:
            cursor.execute(_LOCK, [str(actor.id)])
        cursor.execute(_COUNT, [workspace.id, now - DAY, actor.id, now - DAY])
        of_workspace, of_inviter = cursor.fetchone()
    return of_workspace, of_inviter


def _history(workspace: Workspace, emails: Collection[str]) -> dict[str, tuple[list[datetime], list[Outcome]]]:
    """Answer when each address got its invitations of today, latest first, and the outcomes that hold it back."""
    rows = _histories().filter(workspace=workspace, recipient__in=emails)
    return {email: (list(at), list(outcomes)) for email, at, outcomes in rows}


@cache
def _histories() -> QuerySet[Delivery, Any]:
    """Answer the same of all workspaces; never read, only narrowed: to build this takes longer than to run it."""
    today = Q(kind=Kind.INVITATION, created_at__gt=Now() - DAY)
    times = ArrayAgg("created_at", filter=today, order_by="-created_at", default=Value([]))
    held = ArrayAgg("outcome", filter=HELD, default=Value([]))
    return Delivery.objects.order_by().values_list("recipient").annotate(times=times, held=held)
