"""Figures of the outboxes and of the providers' webhooks, in Prometheus' text format, for whoever knows the token."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from django.conf import settings
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from invitations.models import DeliveryEvent
from members.outbox.queue import OPEN, MailCount, State
from workspace_admin.outboxes import outboxes

_RECENT = timedelta(minutes=5)
_MOST = 10_000
_RESULTS = {
    "sent": "Emails that a provider accepted.",
    "failed": "Emails that were refused or given up.",
    "cancelled": "Emails that were no longer true when their turn came.",
    "unknown": "Times that no answer came, so that an email may have left or not.",
    "retried": "Times that an email was put off for another attempt.",
    "avoided": "Duplicates avoided: a worker had lost its lease before it sent.",
    "overtaken": "Results not written: a worker had lost its lease after it sent.",
}
_OUTBOX_OF = {"delivery": "invitations", "notice": "seats", "accountmail": "accounts"}


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics; 401 without the token, 404 if none is configured."""
    if not settings.METRICS_TOKEN:
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse("\n".join([*_waiting(), *_counted(), *_lag(), ""]), "text/plain; version=0.0.4")


def _family(name: str, kind: str, words: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        inside = ",".join(f'{label}="{text}"' for label, text in labels.items())
        yield f"{name}{{{inside}}} {value:g}" if inside else f"{name} {value:g}"


def _waiting() -> Iterator[str]:
    """Yield what is not settled: read from the partial indexes, whatever the size of the tables."""
    now, ages, states = timezone.now(), [], []
    for name, rows in outboxes().items():
        waiting = rows.filter(state__in=[State.QUEUED, State.SENDING]).aggregate(first=Min("created_at"))
        ages.append(({"outbox": name}, (now - (waiting["first"] or now)).total_seconds()))
        counted = dict(rows.filter(state__in=OPEN).values_list("state").annotate(count=Count("*")))
        counted[State.FAILED] = rows.filter(state=State.FAILED).count()
        states += [({"outbox": name, "state": state}, counted.get(state, 0)) for state in (*OPEN, State.FAILED)]
    yield from _family("outbox_oldest_unsent_seconds", "gauge", "Age of the oldest email that waits to be sent.", ages)
    yield from _family("outbox_emails", "gauge", "Emails that are not settled, by state.", states)


def _counted() -> Iterator[str]:
    counted = {(row.outbox, row.result): row.count for row in MailCount.objects.all()}
    for result, words in _RESULTS.items():
        samples = [({"outbox": name}, counted.get((key, result), 0)) for key, name in _OUTBOX_OF.items()]
        yield from _family(f"outbox_{result}_total", "counter", words, samples)


def _lag() -> Iterator[str]:
    """Yield how late providers tell: an event's id holds the moment at which it was noted."""
    since = timezone.now() - _RECENT
    told = DeliveryEvent.objects.filter(id__gte=_earliest_id(since)).values_list("id", "at")[:_MOST]
    lags = [(_moment(pk) - at).total_seconds() for pk, at in told]
    words = "The longest time, of the last five minutes, from what a provider tells to when it told it."
    yield from _family("webhook_lag_seconds", "gauge", words, [({}, max(lags))] if lags else [])


def _earliest_id(moment: datetime) -> uuid.UUID:
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)


def _moment(pk: uuid.UUID) -> datetime:
    return datetime.fromtimestamp((pk.int >> 80) / 1000, UTC)
