"""The audit log in the REST API."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import WorkspaceResource
from members.audit_words import TITLES
from members.models import AuditEvent
from members.rest.describe import described, page_of
from members.rest.fields import Timestamp
from members.rest.resource import ListQuery
from workspace_admin.audit.queries import NEWEST_FIRST, events

COLUMNS = {
    "action": "action",
    "actor": "actor_id",
    "target": "target_id",
    "after": "occurred_at__gt",
    "before": "occurred_at__lt",
}


class EventsQuery(ListQuery):
    """What the log can be narrowed to."""

    action = serializers.ChoiceField(choices=list(TITLES), required=False)
    actor = serializers.UUIDField(required=False, help_text="The id of who did it: an account or a key.")
    target = serializers.UUIDField(required=False, help_text="The id of whom or what it was done to.")
    after = Timestamp(required=False, help_text="Later than this moment.")
    before = Timestamp(required=False, help_text="Earlier than this moment.")


class EventActor(serializers.Serializer[Any]):
    """Who did it: name and address of a person, the name of a key, as they were then."""

    type = serializers.ChoiceField(choices=["user", "key", "staff", "system"])
    id = serializers.UUIDField(allow_null=True)
    label: Any = serializers.CharField()


class EventTarget(serializers.Serializer[Any]):
    """Whom or what it was done to; the name is as it was then."""

    type = serializers.ChoiceField(choices=["membership", "invitation", "workspace", "api_key"])
    id = serializers.UUIDField(allow_null=True)
    label: Any = serializers.CharField()


class AuditEventShape(serializers.Serializer[Any]):
    """One change."""

    id = serializers.UUIDField()
    action = serializers.CharField(help_text="Such as `invitation.created`: as in the filter `action`.")
    occurred_at = serializers.DateTimeField()
    actor = EventActor()
    target = EventTarget()
    changes = serializers.DictField(
        child=serializers.ListField(child=serializers.JSONField(), min_length=2, max_length=2),
        help_text="Each field with what it was before and after.",
    )
    reason = serializers.CharField(help_text="What support staff gave as their reason; else empty.")
    request_id = serializers.CharField(help_text="The X-Request-ID of the answer that it came from.")


def to_json(event: AuditEvent) -> dict[str, Any]:
    """Return an event as the API and the export represent it."""
    return {
        "id": event.id,
        "action": event.action,
        "occurred_at": event.occurred_at,
        "actor": {"type": event.actor_type, "id": event.actor_id, "label": event.actor_label},
        "target": {"type": event.target_type, "id": event.target_id, "label": event.target_label},
        "changes": event.changes,
        "reason": event.reason,
        "request_id": event.request_id,
    }


class AuditEvents(WorkspaceResource):
    """What was done in the workspace."""

    @described("List audit events", page_of(AuditEventShape), query=EventsQuery)
    def get(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Newest first: who did what to whom, with what was before and after."""
        rows = events(self.actor)
        query = self.query(EventsQuery)
        wanted = {column: query[name] for name, column in COLUMNS.items() if name in query}
        return self.listed(rows.filter(**wanted), NEWEST_FIRST, query, to_json)
