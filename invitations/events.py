"""What providers tell of emails: noted once, and never undone by what arrives late."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from django.db import transaction
from django.db.models import Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now

from billing_seats.models import Notice
from invitations.models import Delivery, DeliveryEvent, EventType, Outcome
from members.models import AccountMail
from members.outbox import State

BATCH = 1_000
"""Events per transaction: each takes a dozen statements, however many events it has."""
OUTCOMES = {
    EventType.DELIVERED: (Outcome.DELIVERED, False),
    EventType.RETURNED: (Outcome.BOUNCED, True),
    EventType.BOUNCED: (Outcome.BOUNCED, False),
    EventType.COMPLAINED: (Outcome.COMPLAINED, False),
}
"""The outcome that an event means and whether it may pass, lightest first.

A heavier one stands, whichever arrives first. A bounce outweighs a delivery, since servers accept mail that they send
back later; a complaint outweighs a bounce, since it comes from a person who has the mail and wants no more.
"""
WEIGHT = {kind: weight for weight, kind in enumerate(OUTCOMES, 1)}


@dataclass(frozen=True, kw_only=True)
class Told:
    """An event of one email to one recipient.

    ``names`` are the Message-IDs that it may be known by, ``row`` the id of ours that it carried. Without ``at`` the
    event is as old as its email.
    """

    type: EventType
    names: frozenset[str]
    row: uuid.UUID | None = None
    recipient: str = ""
    at: datetime | None = None
    event_id: str = ""
    detail: str = ""


@dataclass(frozen=True)
class _Email:
    id: uuid.UUID
    workspace_id: uuid.UUID
    recipient: str
    outcome: str
    soft: bool
    message_id: str
    provider_message_id: str
    created_at: datetime

    @property
    def weight(self) -> int:
        known = {meaning: WEIGHT[kind] for kind, meaning in OUTCOMES.items()}
        return known.get((Outcome(self.outcome), self.soft), 0) if self.outcome else 0


def record(told: Iterable[Told]) -> int:
    """Note the events of emails that are ours, leave others be, and answer how many were news."""
    return sum(_record(batch) for batch in batched(told, BATCH))


@transaction.atomic
def _record(batch: Sequence[Told]) -> int:
    emails = _emails(batch)
    pairs = [(one, _meant(one, emails)) for one in batch]
    news = _news([(one, email) for one, email in pairs if email is not None])
    DeliveryEvent.objects.bulk_create(news.values())
    _set_outcomes(emails, news.values())
    _set_states(news.values())
    others = [one for one, email in pairs if email is None and one.type != EventType.FAILED]
    if others:
        for model in (AccountMail, Notice):
            _left(model.objects.filter(_named(others)), certainly=False)
    return len(news)


def _named(batch: Iterable[Told]) -> Q:
    names = {name for one in batch for name in one.names}
    rows = {one.row for one in batch if one.row}
    # The condition repeats the index's own, which would not be used without.
    by_provider = Q(provider_message_id__in=names) & ~Q(provider_message_id="")
    return by_provider | Q(message_id__in=names) | Q(id__in=rows)


def _emails(batch: Sequence[Told]) -> dict[object, list[_Email]]:
    """Answer the emails, locked, by each of their names and by id."""
    found: dict[object, list[_Email]] = {}
    rows = Delivery.objects.filter(_named(batch)).select_for_update(no_key=True).order_by("id")
    for values in rows.values_list(*_Email.__dataclass_fields__):
        email = _Email(*values)
        for name in {email.id, email.message_id, email.provider_message_id} - {""}:
            found.setdefault(name, []).append(email)
    return found


def _meant(one: Told, emails: dict[object, list[_Email]]) -> _Email | None:
    """Answer the one email that an event speaks of; None where it is nobody's, or not clear whose."""
    named = {email.id: email for name in (one.row, *one.names) for email in emails.get(name, ())}
    fitting = [email for email in named.values() if one.recipient.lower() in {"", email.recipient}]
    return fitting[0] if len(fitting) == 1 else None


def _news(pairs: Sequence[tuple[Told, _Email]]) -> dict[tuple[uuid.UUID, str, datetime], DeliveryEvent]:
    """Answer the events that were not told before, by email, type and time."""
    known = set(
        DeliveryEvent.objects.filter(
            workspace__in={email.workspace_id for _, email in pairs}, delivery__in={email.id for _, email in pairs}
        ).values_list("delivery_id", "type", "at")
    )
    events = {
        (email.id, str(one.type), one.at or email.created_at): DeliveryEvent(
            workspace_id=email.workspace_id,
            delivery_id=email.id,
            type=one.type,
            at=one.at or email.created_at,
            event_id=one.event_id,
            detail=one.detail,
        )
        for one, email in pairs
    }
    return {key: event for key, event in events.items() if key not in known}


def _set_outcomes(emails: dict[object, list[_Email]], news: Collection[DeliveryEvent]) -> None:
    weights = {email.id: email.weight for same in emails.values() for email in same}
    heaviest: dict[uuid.UUID, EventType] = {}
    for event in news:
        kind = EventType(event.type)
        if WEIGHT.get(kind, 0) > weights[event.delivery_id]:
            weights[event.delivery_id], heaviest[event.delivery_id] = WEIGHT[kind], kind
    for kind, (outcome, soft) in OUTCOMES.items():
        ids = [pk for pk, its in heaviest.items() if its == kind]
        if ids:
            told = DeliveryEvent.objects.filter(workspace=OuterRef("workspace"), delivery=OuterRef("pk"), type=kind)
            first = Subquery(told.order_by("at").values("at")[:1])
            Delivery.objects.filter(id__in=ids).update(outcome=outcome, soft=soft, outcome_at=first, released_at=None)


def _set_states(news: Collection[DeliveryEvent]) -> None:
    def having(*kinds: EventType) -> QuerySet[Delivery]:
        return Delivery.objects.filter(id__in={event.delivery_id for event in news if event.type in kinds})

    _left(having(EventType.SENT), certainly=False)
    _left(having(EventType.DELAYED, *OUTCOMES), certainly=True)
    words = DeliveryEvent.objects.filter(
        workspace=OuterRef("workspace"), delivery=OuterRef("pk"), type=EventType.FAILED
    )
    having(EventType.FAILED).filter(state=State.SENT, outcome="").update(
        state=State.FAILED, error_code="provider", error=Subquery(words.order_by("-at").values("detail")[:1])
    )


def _left[M: Model](rows: QuerySet[M], *, certainly: bool) -> None:
    """Settle what nobody knew: the email left. ``certainly`` outweighs that it was given up as failed."""
    unsure = Q(state=State.UNKNOWN) | Q(state=State.QUEUED, attempts__gt=0)
    unsure |= Q(state=State.SENDING, leased_until__lte=Now())
    if certainly:
        unsure |= Q(state=State.FAILED)
    rows.filter(unsure).update(
        state=State.SENT,
        sent_at=Coalesce("sent_at", Now()),
        lease=None,
        leased_until=None,
        error="",
        error_code="",
    )
