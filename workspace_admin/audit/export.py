"""The audit log as a file: CSV for people, JSON Lines for programs. Streamed, so that it may be of any length."""

from collections.abc import Iterator
from typing import Any

import orjson
from django.db.models import QuerySet

from billing_seats.plans import Feature, require_feature
from members.access import Actor
from members.models import AuditEvent
from workspace_admin import csv
from workspace_admin.audit.api import to_json
from workspace_admin.audit.queries import each

COLUMNS = (
    "occurred_at", "action", "actor_type", "actor_id", "actor_label", "target_type", "target_id", "target_label",
    "changes", "reason", "request_id", "id",
)  # fmt: skip


def as_csv(rows: QuerySet[AuditEvent]) -> Iterator[str]:
    """Yield the events as lines of CSV."""
    return csv.lines(COLUMNS, (_cells(event) for event in each(rows)))


def as_json_lines(rows: QuerySet[AuditEvent]) -> Iterator[bytes]:
    """Yield the events as the API represents them, one per line."""
    for event in each(rows):
        yield orjson.dumps(to_json(event), option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def _cells(event: AuditEvent) -> list[Any]:
    changes = orjson.dumps(event.changes).decode()
    values = vars(event) | {"changes": changes}
    return [values[column] for column in COLUMNS]


FORMS = {
    "csv": (as_csv, csv.MEDIA_TYPE),
    "jsonl": (as_json_lines, "application/jsonl"),
}
"""What the log can be exported as: the maker of the lines, and their media type."""


def require_export(actor: Actor) -> None:
    """Let through an actor whose workspace's plan has the export.

    Raises:
        PlanRequired
    """
    require_feature(actor.workspace, Feature.AUDIT_EXPORT)
