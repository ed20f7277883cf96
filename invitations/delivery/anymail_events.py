"""Translates anymail's events, read from the providers' webhooks, to ours."""

import unicodedata
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from anymail.signals import AnymailTrackingEvent, RejectReason
from anymail.signals import EventType as Theirs
from django.utils import timezone

from invitations.delivery.provider_events import ProviderEvent
from invitations.models import EventType

TYPES = {
    Theirs.QUEUED: EventType.SENT,
    Theirs.SENT: EventType.SENT,
    Theirs.DEFERRED: EventType.DELAYED,
    Theirs.FAILED: EventType.FAILED,
    Theirs.DELIVERED: EventType.DELIVERED,
    Theirs.BOUNCED: EventType.BOUNCED,
    Theirs.REJECTED: EventType.BOUNCED,
    Theirs.COMPLAINED: EventType.COMPLAINED,
}
"""Other events, such as openings, are not recorded."""
MAY_PASS = {RejectReason.TIMED_OUT, RejectReason.BLOCKED, RejectReason.OTHER, RejectReason.UNSUBSCRIBED}
"""Reasons that lie with a server or a provider's lists, and don't prove that the address is wrong."""
ROW = "mail"
"""The metadata by which a message carries the id of its row; see members.outbox.compose."""
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)


def told(event: AnymailTrackingEvent) -> ProviderEvent | None:
    """Return our event for anymail's, or None if we don't record it."""
    meaning = TYPES.get(event.event_type)
    if _raw(event).get("eventType") == "DeliveryDelay":  # Amazon's, which anymail does not know
        meaning = EventType.DELAYED
    if meaning is None:
        return None
    if meaning == EventType.BOUNCED and _may_pass(event):
        meaning = EventType.RETURNED
    said = dict.fromkeys(filter(None, (_text(event.description), _text(event.mta_response))))
    return ProviderEvent(
        type=meaning,
        names=frozenset(filter(None, map(_text, _names(event)))),
        row=_row(event.metadata),
        recipient=_text(event.recipient, 254),
        at=_moment(event.timestamp),
        event_id=_text(event.event_id),
        detail=" · ".join(said)[:500],
    )


def _raw(event: AnymailTrackingEvent) -> dict[str, Any]:
    return event.esp_event if isinstance(event.esp_event, dict) else {}


def _inner(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _names(event: AnymailTrackingEvent) -> tuple[Any, ...]:
    """Return the provider's id, and our own Message-ID if SendGrid or Amazon repeats it."""
    mail = _inner(_raw(event), "mail")
    return event.message_id, _raw(event).get("smtp-id"), _inner(_inner(mail, "commonHeaders"), "messageId")


def _may_pass(event: AnymailTrackingEvent) -> bool:
    """Return whether a bounce is temporary, which anymail reports for some providers only."""
    raw = _raw(event)
    amazon = _inner(raw.get("bounce"), "bounceType")
    return (
        event.reject_reason in MAY_PASS
        or raw.get("Type") == "SoftBounce"  # Postmark
        or raw.get("type") == "blocked"  # SendGrid
        or (amazon is not None and amazon != "Permanent")
    )


def _row(metadata: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(_text(_inner(metadata, ROW)))
    except ValueError:
        return None


def _moment(value: Any) -> datetime | None:
    """Return the time if it is plausible, else None."""
    if not isinstance(value, datetime):
        return None
    at = value if value.tzinfo else value.replace(tzinfo=UTC)
    return at if EARLIEST < at < timezone.now() + timedelta(days=1) else None


def _text(value: Any, most: int = 255) -> str:
    """Return the text as it can be stored and shown on one line."""
    if not isinstance(value, str):
        return ""
    kept = "".join(
        " " if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} else char for char in value[: 4 * most]
    )
    return " ".join(kept.split())[:most]
