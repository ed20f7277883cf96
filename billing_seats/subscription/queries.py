"""What the Subscription page shows besides the counts: seats held by invitations, and recent changes."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject, Now
from django.utils.translation import ngettext

from billing_seats.budgets import SeatCount
from billing_seats.models import Product, Seat
from members.audit_words import Activity, activity
from members.models import AuditEvent, Status, Workspace

HOLDS = 20
CHANGES = 12
ACTIONS = ("subscription.changed", "seat.given", "seat.taken")


@dataclass(frozen=True)
class Hold:
    """A seat held by an invitation, and when that expires."""

    email: str
    until: datetime


@dataclass(frozen=True)
class Entry:
    """One product of the page: its counts, and the holds that expire first."""

    count: SeatCount
    holds: Sequence[Hold]

    @property
    def more(self) -> int:
        """How many holds are not listed."""
        return max(self.count.held - len(self.holds), 0)

    @property
    def over_assigned(self) -> str:
        """By how many seats the product is over its limit, in words; empty if it isn't."""
        return over_assigned_words(self.count)


def over_assigned_words(count: SeatCount) -> str:
    """Return by how many seats a product is over its limit and what to do; empty if it isn't."""
    over = count.over_assigned
    if not over:
        return ""
    if count.product.retired:
        message = ngettext(
            "%(product)s is over its limit by %(over)s seat. It’s no longer sold. Everyone who has a seat keeps it.",
            "%(product)s is over its limit by %(over)s seats. It’s no longer sold. Everyone who has a seat keeps it.",
            over,
        )
    else:
        message = ngettext(
            "%(product)s is over its limit by %(over)s seat. Free up or buy %(over)s before assigning more.",
            "%(product)s is over its limit by %(over)s seats. Free up or buy %(over)s before assigning more.",
            over,
        )
    return message % {"over": over, "product": count.product.name}


def catalogue(workspace: Workspace) -> list[Product]:
    """Return every product that is sold or was bought here, with its first holds, in one statement."""
    holds = (
        Seat.objects.filter(
            workspace=workspace,
            product=OuterRef("pk"),
            membership__workspace=workspace,
            membership__status=Status.INVITED,
            membership__expires_at__gt=Now(),
        )
        .order_by("membership__expires_at", "membership_id")
        .values(hold=JSONObject(email="membership__email", until="membership__expires_at"))
    )
    known = Q(retired=False) | Exists(workspace.seat_pools.filter(product=OuterRef("pk")))
    return list(Product.objects.filter(known).order_by("slug").annotate(holds=ArraySubquery(holds[:HOLDS])))


def entries(counts: Iterable[SeatCount], products: Iterable[Product]) -> list[Entry]:
    """Return an entry per count, with the holds read by ``catalogue``."""
    holds: dict[uuid.UUID, list[dict[str, str]]] = {one.id: vars(one)["holds"] for one in products}
    return [Entry(count, [_hold(read) for read in holds.get(count.product.id, ())]) for count in counts]


def _hold(read: Mapping[str, str]) -> Hold:
    return Hold(read["email"], datetime.fromisoformat(read["until"]))


def recent_changes(workspace: Workspace, products: Iterable[Product]) -> list[Activity]:
    """Return the latest changes of plan and seats in words, newest first, in one statement.

    Each kind is read from its own end of the index, so a long log costs no more than a short one.
    """
    latest = [_latest(workspace, action) for action in ACTIONS]
    events = latest[0].union(*latest[1:], all=True).order_by("-occurred_at", "-id")[:CHANGES]
    return activity(events, {product.slug: product.name for product in products})[:CHANGES]


def _latest(workspace: Workspace, action: str) -> QuerySet[AuditEvent]:
    events = AuditEvent.objects.filter(workspace_id=workspace.id, action=action)
    return events.order_by("-occurred_at", "-id")[:CHANGES]
