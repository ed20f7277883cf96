"""What the Subscription page tells beside the counts: who holds a seat until when, and who changed what."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject, Now
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing_seats.budgets import SeatCount
from billing_seats.models import Product, Seat
from billing_seats.plans import Plan
from members.models import AuditEvent, Status, Workspace

HOLDS = 20
CHANGES = 12
CHANGED, GIVEN, TAKEN = "subscription.changed", "seat.given", "seat.taken"


@dataclass(frozen=True)
class Hold:
    """A seat held by an invitation: for whom, and the moment at which it lets go."""

    email: str
    until: datetime


@dataclass(frozen=True)
class Entry:
    """One product of the ledger: how its seats stand, and the holds that let go first."""

    count: SeatCount
    holds: Sequence[Hold]

    @property
    def more(self) -> int:
        """How many holds are not listed."""
        return max(self.count.held - len(self.holds), 0)

    @property
    def over_assigned(self) -> str:
        """What over-assigned means, in words; empty where all fits."""
        return over_assigned_words(self.count)


@dataclass(frozen=True)
class Change:
    """Something that was changed: in words, when, and by what kind of caller."""

    text: str
    at: datetime
    action: str
    by: str


def over_assigned_words(count: SeatCount) -> str:
    """Answer how many more seats are taken than were bought, what that means and what to do; empty where all fits."""
    over = count.over_assigned
    if not over:
        return ""
    if count.held:
        message = ngettext(
            "%(over)s more seat of %(product)s is in use or held than was bought.",
            "%(over)s more seats of %(product)s are in use or held than were bought.",
            over,
        )
    else:
        message = ngettext(
            "%(over)s more seat of %(product)s is in use than was bought.",
            "%(over)s more seats of %(product)s are in use than were bought.",
            over,
        )
    if count.product.retired:
        rest = _("Nobody loses a seat. It is sold no more: take %(over)s back for it to fit.")
    else:
        rest = _(
            "Nobody loses a seat; nothing more can be given or held until it fits: take %(over)s back or buy more."
        )
    return f"{message} {rest}" % {"over": over, "product": count.product.name}


def catalogue(workspace: Workspace) -> list[Product]:
    """Answer every product that is sold, or of which the workspace has a pool, each with its first holds.

    One statement; ``entries`` reads them.
    """
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
    """Answer the ledger of these counts, with the holds that ``catalogue`` has read."""
    holds: dict[uuid.UUID, list[dict[str, str]]] = {one.id: vars(one)["holds"] for one in products}
    return [Entry(count, [_hold(read) for read in holds.get(count.product.id, ())]) for count in counts]


def _hold(read: Mapping[str, str]) -> Hold:
    return Hold(read["email"], datetime.fromisoformat(read["until"]))


def recent_changes(workspace: Workspace, products: Iterable[Product]) -> list[Change]:
    """Answer the latest changes of plan and seats, newest first, in words; one statement.

    Each kind is read from its own end of the index, so that a long log costs no more than a short one.
    """
    latest = [_latest(workspace, action) for action in (CHANGED, GIVEN, TAKEN)]
    events = latest[0].union(*latest[1:], all=True).order_by("-occurred_at", "-id")[:CHANGES]
    names = {product.slug: product.name for product in products}
    return [
        Change(text, event.occurred_at, event.action, event.actor_type)
        for event in events
        for text in in_words(event, names)
    ][:CHANGES]


def _latest(workspace: Workspace, action: str) -> QuerySet[AuditEvent]:
    events = AuditEvent.objects.filter(workspace_id=workspace.id, action=action)
    return events.order_by("-occurred_at", "-id")[:CHANGES]


def in_words(event: AuditEvent, names: Mapping[str, str]) -> list[str]:
    """Answer what an event about the subscription or a seat says, a sentence each; ``names`` are products' by slug."""
    who = _who(event)
    if event.action == CHANGED:
        return [_changed(who, field, before, after, names) for field, (before, after) in event.changes.items()]
    taken, given = event.changes.get("seats", [None, None])
    told = {"who": who, "whom": event.target_label or _("somebody"), "product": _name(given or taken, names)}
    if event.action == GIVEN:
        return [_("%(who)s gave %(whom)s a seat of %(product)s") % told]
    return [_("%(who)s took the seat of %(product)s from %(whom)s") % told]


def _who(event: AuditEvent) -> str:
    if event.actor_type == "system":
        return _("The console")
    # A person whose data was erased has left an empty label.
    return event.actor_label or _("Somebody")


def _name(slug: str | None, names: Mapping[str, str]) -> str:
    return names.get(slug or "", slug or "")


def _changed(who: str, field: str, before: Any, after: Any, names: Mapping[str, str]) -> str:
    told = {"who": who, "before": before, "after": after, "product": _name(field, names)}
    if isinstance(after, int):
        return _bought(told, first=not before) % told
    if field == "plan":
        told |= {"before": Plan(before).label, "after": Plan(after).label}
        return _("%(who)s changed the plan from %(before)s to %(after)s") % told
    if field == "renews_on":
        told["after"] = date_format(date.fromisoformat(after))
        return _("%(who)s set the renewal to %(after)s") % told
    return _("%(who)s changed the subscription") % told


def _bought(told: Mapping[str, Any], *, first: bool) -> str:
    if first:
        return ngettext(
            "%(who)s bought %(after)s seat of %(product)s",
            "%(who)s bought %(after)s seats of %(product)s",
            told["after"],
        )
    return ngettext(
        "%(who)s bought %(after)s instead of %(before)s seat of %(product)s",
        "%(who)s bought %(after)s instead of %(before)s seats of %(product)s",
        told["before"],
    )
