"""The overview at home: seats by product, and the people about whom something can be done, each a link to the list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from members.access import Action, Actor
from members.audit_words import Activity, activity
from members.models import AuditEvent, Workspace
from workspace_admin.people import queries
from workspace_admin.people.filters import EMAIL_STATES, Filters
from workspace_admin.people.list import number_of, worded
from workspace_admin.people.list_query import ListQuery
from workspace_admin.people.queries import Column

EVENTS = 10
IDLE_DAYS = "90"
LOST = ListQuery(filters=tuple(("email_state", state) for state in EMAIL_STATES))


@dataclass(frozen=True)
class Figure:
    """How many people are on a list, in words, and the link to it."""

    label: str
    count: int
    number: str
    link: str
    tone: str = ""


@dataclass(frozen=True)
class ProductSeats:
    """A product's seats, and those of them that people have who have been away for long."""

    column: Column
    members: str
    idle: Figure


def overview(actor: Actor) -> dict[str, Any]:
    """Return what the overview shows the actor: seats and people, and the last events to whoever may see them."""
    columns = [one for one in queries.columns(actor.workspace) if one.is_shown]
    base = reverse("members", args=[actor.workspace.slug])
    people = [
        (_("Members"), ListQuery(tab="active"), ""),
        (_("Pending invitations"), ListQuery(tab="invited"), ""),
        (_("Emails that didn't arrive"), LOST, "bad"),
        (_("Expired invitations"), ListQuery(filters=(("status", "expired"),)), "warn"),
        (_("Access has ended"), ListQuery(filters=(("status", "lapsed"),)), "warn"),
    ]
    idle = [_idle(column.product.slug) for column in columns]
    counts = _counts(actor.workspace, [*(asked for _label, asked, _tone in people), *idle])
    figures = [
        Figure(label, count, worded(count), base + asked.link(), tone if count else "")
        for (label, asked, tone), count in zip(people, counts, strict=False)
    ]
    away = [
        Figure(_("Not active for 90 days"), count, worded(count), base + asked.link())
        for asked, count in zip(idle, counts[len(people) :], strict=True)
    ]
    return {
        "figures": figures,
        "seats": [_seats(column, base, one) for column, one in zip(columns, away, strict=True)],
        "alone": counts[0] == 1 and not any(counts[1 : len(people)]),
        "events": _events(actor, columns) if actor.may(Action.VIEW_AUDIT) else None,
    }


def _idle(product: str) -> ListQuery:
    return ListQuery(tab="active", filters=(("product", product), ("last_active_before", IDLE_DAYS)))


def _seats(column: Column, base: str, idle: Figure) -> ProductSeats:
    holders = ListQuery(filters=(("product", column.product.slug),))
    return ProductSeats(column, base + holders.link(), idle)


def _counts(workspace: Workspace, lists: Sequence[ListQuery]) -> list[int]:
    """Return how many people are on each list, in one statement; counting stops where the list's own does."""
    numbers = {
        f"number_{place}": number_of(Filters.of(workspace, asked.values()), workspace.id)
        for place, asked in enumerate(lists)
    }
    row = vars(Workspace.objects.filter(id=workspace.id).annotate(**numbers).get())
    return [row[name] for name in numbers]


def _events(actor: Actor, columns: Sequence[Column]) -> list[Activity]:
    events = AuditEvent.objects.filter(workspace_id=actor.workspace.id).order_by("-occurred_at", "-id")[:EVENTS]
    return activity(events, {one.product.slug: one.product.name for one in columns})[:EVENTS]
