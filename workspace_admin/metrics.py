"""Figures of the outboxes and of the providers' webhooks, in Prometheus' text format, for whoever knows the token."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from django.conf import settings
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

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
    return HttpResponse(generate_latest(_REGISTRY), CONTENT_TYPE_PLAIN_0_0_4)


class _Outboxes(Collector):
    """Reads the figures when they are asked for: they are the database's, and not this process's."""

    def collect(self) -> Iterator[Metric]:
        """Yield what waits, what was done, and how late providers tell."""
        yield from _waiting()
        yield from _counted()
        yield from _lag()


_REGISTRY = CollectorRegistry()
_REGISTRY.register(_Outboxes())


def _waiting() -> Iterator[Metric]:
    """Yield what is not settled: read from the partial indexes, whatever the size of the tables."""
    oldest = GaugeMetricFamily(
        "outbox_oldest_unsent_seconds", "Age of the oldest email that waits to be sent.", labels=["outbox"]
    )
    emails = GaugeMetricFamily("outbox_emails", "Emails that are not settled, by state.", labels=["outbox", "state"])
    now = timezone.now()
    for name, rows in outboxes().items():
        waiting = rows.filter(state__in=[State.QUEUED, State.SENDING]).aggregate(first=Min("created_at"))
        oldest.add_metric([name], (now - (waiting["first"] or now)).total_seconds())
        counted = dict(rows.filter(state__in=OPEN).values_list("state").annotate(count=Count("*")))
        counted[State.FAILED] = rows.filter(state=State.FAILED).count()
        for state in (*OPEN, State.FAILED):
            emails.add_metric([name, state], counted.get(state, 0))
    yield from (oldest, emails)


def _counted() -> Iterator[Metric]:
    counted = {(row.outbox, row.result): row.count for row in MailCount.objects.all()}
    for result, words in _RESULTS.items():
        family = CounterMetricFamily(f"outbox_{result}", words, labels=["outbox"])
        for key, name in _OUTBOX_OF.items():
            family.add_metric([name], counted.get((key, result), 0))
        yield family


def _lag() -> Iterator[Metric]:
    """Yield how late providers tell: an event's id holds the moment at which it was noted."""
    since = timezone.now() - _RECENT
    told = DeliveryEvent.objects.filter(id__gte=_earliest_id(since)).values_list("id", "at")[:_MOST]
    if lags := [(_moment(pk) - at).total_seconds() for pk, at in told]:
        words = "The longest time, of the last five minutes, from what a provider tells to when it told it."
        yield GaugeMetricFamily("webhook_lag_seconds", words, value=max(lags))


def _earliest_id(moment: datetime) -> uuid.UUID:
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)


def _moment(pk: uuid.UUID) -> datetime:
    return datetime.fromtimestamp((pk.int >> 80) / 1000, UTC)
