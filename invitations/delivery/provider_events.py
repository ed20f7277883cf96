"""Records what providers report about emails, once each; a late report never undoes an outcome."""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from django.db import transaction
from django.db.models import Model, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Left, Now

from billing_seats.models import Notice
from invitations.models import Delivery, DeliveryEvent, EventType, Outcome
from members.addresses import ERASED
from members.models import AccountMail
from members.outbox.queue import State

BATCH = 1_000
"""Events per transaction: each takes a dozen statements, however many events it has."""
OUTCOMES = {
    EventType.DELIVERED: (Outcome.DELIVERED, False),
    EventType.RETURNED: (Outcome.BOUNCED, True),
    EventType.BOUNCED: (Outcome.BOUNCED, False),
    EventType.COMPLAINED: (Outcome.COMPLAINED, False),
}
"""The outcome of an event and whether it is temporary, lightest first.

The heaviest one counts, whichever arrives first. A bounce outweighs a delivery, since servers accept mail that they
send back later; a complaint outweighs a bounce, since it comes from a person who has the mail and wants no more.
"""
MOST = 20
"""Events kept per email and type, the first ones, so that a provider that repeats itself fills nothing up."""
CERTAIN = (EventType.DELAYED, *OUTCOMES)
"""Events that only a sent message can have."""
_ERROR_LENGTH = 200
WEIGHT = {kind: weight for weight, kind in enumerate(OUTCOMES, 1)}


@dataclass(frozen=True, kw_only=True)
class ProviderEvent:
    """An event of one email to one recipient.

    ``names`` are the Message-IDs it may be known by, ``row`` the id of our row that it carried. Without ``at`` it is as
    old as its email.
    """

    type: EventType
    names: frozenset[str]
    row: uuid.UUID | None = None
    recipient: str = ""
    at: datetime | None = None
    event_id: str = ""
    detail: str = ""


@dataclass(frozen=True)
class _Mail:
    id: uuid.UUID
    message_id: str
    provider_message_id: str
    recipient: str


@dataclass(frozen=True)
class _Email(_Mail):
    workspace_id: uuid.UUID
    outcome: str
    soft: bool
    created_at: datetime

    @property
    def weight(self) -> int:
        known = {meaning: WEIGHT[kind] for kind, meaning in OUTCOMES.items()}
        return known.get((Outcome(self.outcome), self.soft), 0) if self.outcome else 0


def record(told: Iterable[ProviderEvent]) -> int:
    """Record the events of emails that are ours, skip the rest, and return how many were new."""
    return sum(_record(batch) for batch in batched(told, BATCH))


@transaction.atomic
def _record(batch: Sequence[ProviderEvent]) -> int:
    rows = _locked(Delivery.objects.all(), batch).values_list(*_Email.__dataclass_fields__)
    emails = _by_name(_Email(*values) for values in rows)
    pairs = [(one, _meant(one, emails)) for one in batch]
    news = _news([(one, email) for one, email in pairs if email is not None])
    DeliveryEvent.objects.bulk_create(news.values())
    _set_outcomes(emails, news.values())
    _set_states(news.values())
    # An event that names an email of ours but contradicts itself concerns no other mail either.
    if others := [one for one, email in pairs if email is None and not _candidates(one, emails)]:
        _settle(AccountMail.objects.all(), "email", others)
        _settle(Notice.objects.all(), "recipient", others)
    return len(news)


def _named(batch: Iterable[ProviderEvent]) -> Q:
    names = {name for one in batch for name in one.names}
    rows = {one.row for one in batch if one.row}
    # Repeats the index's own condition; otherwise the index would not be used.
    by_provider = Q(provider_message_id__in=names) & ~Q(provider_message_id="")
    return by_provider | Q(message_id__in=names) | Q(id__in=rows)


def _locked[M: Model](rows: QuerySet[M], batch: Sequence[ProviderEvent]) -> QuerySet[M]:
    return rows.filter(_named(batch)).select_for_update(no_key=True).order_by("id")


def _by_name[A: _Mail](mails: Iterable[A]) -> dict[object, list[A]]:
    """Return the emails by id and by each Message-ID."""
    found: dict[object, list[A]] = {}
    for mail in mails:
        for name in {mail.id, mail.message_id, mail.provider_message_id} - {""}:
            found.setdefault(name, []).append(mail)
    return found


def _candidates[A: _Mail](one: ProviderEvent, mails: dict[object, list[A]]) -> dict[uuid.UUID, A]:
    """Return the mails with one of the event's names, or its row."""
    return {mail.id: mail for name in (one.row, *one.names) for mail in mails.get(name, ())}


def _meant[A: _Mail](one: ProviderEvent, mails: dict[object, list[A]]) -> A | None:
    """Return the one mail that agrees with the event in row, recipient and each known name."""
    known = [{mail.id for mail in mails[name]} for name in one.names if name in mails]
    fitting = [
        mail
        for mail in _candidates(one, mails).values()
        if one.row in {None, mail.id}
        and one.recipient.lower() in {"", mail.recipient}
        # What a provider still says of an erased person's email would bring their address back.
        and not mail.recipient.endswith(f"@{ERASED}")
        and all(mail.id in named for named in known)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _news(pairs: Sequence[tuple[ProviderEvent, _Email]]) -> dict[tuple[uuid.UUID, str, datetime], DeliveryEvent]:
    """Return the events not recorded yet, by email, type and time, up to the limit of each email."""
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
    kept = Counter((email, kind) for email, kind, _ in known)
    news = {}
    for key, event in events.items():
        if key not in known and kept[key[:2]] < MOST:
            kept[key[:2]] += 1
            news[key] = event
    return news


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
    _left(having(*CERTAIN), certainly=True)
    words = DeliveryEvent.objects.filter(
        workspace=OuterRef("workspace"), delivery=OuterRef("pk"), type=EventType.FAILED
    )
    said = Subquery(words.order_by("-at").annotate(said=Left("detail", _ERROR_LENGTH)).values("said")[:1])
    failed = having(EventType.FAILED).filter(outcome="")
    _failed(failed.filter(state__in=[State.SENT, State.UNKNOWN]), Coalesce(said, Value("")))


def _settle[M: Model](rows: QuerySet[M], address: str, told: Sequence[ProviderEvent]) -> None:
    """Update the state of mail that has no events."""
    found = _locked(rows, told).values_list("id", "message_id", "provider_message_id", address)
    mails = _by_name(_Mail(*values) for values in found)
    meant = [(one, mail.id) for one in told if (mail := _meant(one, mails))]
    if not meant:
        return
    _left(rows.filter(id__in=[pk for one, pk in meant if one.type == EventType.SENT]), certainly=False)
    _left(rows.filter(id__in=[pk for one, pk in meant if one.type in CERTAIN]), certainly=True)
    for one, pk in meant:
        if one.type == EventType.FAILED:
            _failed(rows.filter(id=pk, state=State.UNKNOWN), Value(one.detail[:_ERROR_LENGTH]))


def _failed[M: Model](rows: QuerySet[M], said: Combinable) -> None:
    """Mark mail as failed that the provider accepted and could not send."""
    rows.update(
        state=State.FAILED, lease=None, leased_until=None, next_attempt_at=Now(), error_code="provider", error=said
    )


def _left[M: Model](rows: QuerySet[M], *, certainly: bool) -> None:
    """Mark mail of unknown state as sent; also failed mail, if it left ``certainly``."""
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
