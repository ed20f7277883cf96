"""An invitation's emails in the REST API."""

import uuid
from typing import Any

from django.db.models import Prefetch, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import WorkspaceResource
from invitations.models import Delivery, DeliveryEvent, EventType, Kind, Outcome
from members.access import Action, require
from members.errors import NotFound
from members.models import Workspace
from members.outbox.queue import State
from members.rest.describe import described, page_of
from members.rest.pagination import Order
from members.rest.resource import ListQuery

NEWEST_FIRST = Order("newest", "created_at", descending=True, timed=True)


class DeliveryEventShape(serializers.Serializer[Any]):
    """What the provider told of an email."""

    type = serializers.ChoiceField(choices=EventType.values, help_text="returned: a bounce that may pass.")
    at = serializers.DateTimeField()
    detail = serializers.CharField(help_text="In the provider's words.")


class DeliveryShape(serializers.Serializer[Any]):
    """One email of an invitation."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Kind.values)
    recipient = serializers.EmailField()
    status = serializers.ChoiceField(
        choices=[*State.values, *Outcome.values], help_text="The provider's outcome, else the state of sending."
    )
    at = serializers.DateTimeField(help_text="Since when that is its status.")
    attempts = serializers.IntegerField()
    error = serializers.CharField(help_text="What went wrong last; empty if nothing did.")
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    events = DeliveryEventShape(many=True)


def queryset(workspace: Workspace, invitation: uuid.UUID) -> QuerySet[Delivery]:
    """Return the invitation's emails with their events, in two statements."""
    events = DeliveryEvent.objects.filter(workspace=workspace).order_by("at", "id")
    return workspace.deliveries.filter(invitation=invitation).prefetch_related(
        Prefetch("events", events, to_attr="events_")
    )


def to_json(delivery: Any) -> dict[str, Any]:
    """Return one of ``queryset`` as the API writes it."""
    return {
        "id": delivery.id,
        "kind": delivery.kind,
        "recipient": delivery.recipient,
        "status": delivery.shown,
        "at": delivery.outcome_at or delivery.sent_at or delivery.created_at,
        "attempts": delivery.attempts,
        "error": delivery.error,
        "created_at": delivery.created_at,
        "sent_at": delivery.sent_at,
        "events": [{"type": event.type, "at": event.at, "detail": event.detail} for event in delivery.events_],
    }


class Deliveries(WorkspaceResource):
    """The emails of an invitation."""

    @described("List the emails of an invitation", page_of(DeliveryShape), query=ListQuery)
    def get(self, request: Request, workspace: str, invitation: uuid.UUID) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Newest first: invitations and reminders, and what Admins were told; each with what its provider tells."""
        require(self.actor, Action.VIEW_DELIVERIES)
        query = self.query(ListQuery)
        if not self.actor.workspace.invitations.filter(id=invitation).exists():
            raise NotFound
        return self.listed(queryset(self.actor.workspace, invitation), NEWEST_FIRST, query, to_json)
