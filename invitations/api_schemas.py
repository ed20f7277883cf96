"""What the REST API reads and writes of invitations."""

from typing import Any

from django.db.models import Q
from django.db.models.functions import Now
from rest_framework import serializers

from invitations.models import InvitationStatus, Outcome
from members.models import Role
from members.outbox.queue import State
from members.rest.fields import AddressInQuery, BoundedList, StrictInteger, Text, Timestamp
from members.rest.resource import ListQuery, Strict, languages

STATUSES = {
    "pending": Q(status=InvitationStatus.PENDING, expires_at__gt=Now()),
    "expired": Q(status=InvitationStatus.PENDING, expires_at__lte=Now()),
} | {status: Q(status=status) for status in ("accepted", "revoked", "declined")}


class InvitationsQuery(ListQuery):
    """What the list can be narrowed to."""

    status = serializers.ChoiceField(choices=list(STATUSES), required=False)
    email = AddressInQuery(max_length=1000, required=False)


class OfferTerms(Strict):
    """What is offered; nothing of it is required."""

    role = serializers.ChoiceField(choices=Role.choices, default=Role.MEMBER.value)
    seats = BoundedList(child=Text(max_length=50), max_length=100, default=list, help_text="Slugs of products.")
    locale = serializers.ChoiceField(choices=languages(), default="", help_text="The mail's language.")
    message = Text(max_length=500, allow_blank=True, default="", help_text="A personal note.")
    expires_in_days = StrictInteger(min_value=1, max_value=30, default=7)


class NewInvitation(OfferTerms):
    """An invitation to be made; only `email` is required."""

    email = Text(max_length=1000)


class InvitationEdits(Strict):
    """What is changed of an offer that is open: all of it, or nothing."""

    role = serializers.ChoiceField(choices=Role.choices, required=False)
    seats = BoundedList(
        child=Text(max_length=50),
        max_length=100,
        required=False,
        help_text="Slugs of all the products that shall be held.",
    )
    expires_at = Timestamp(required=False, help_text="Within the next 30 days.")


class InvitedBy(serializers.Serializer[Any]):
    """Who invited."""

    type = serializers.ChoiceField(choices=["user", "key", "staff", "system"])
    id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()


class LatestDelivery(serializers.Serializer[Any]):
    """What became of the latest email."""

    status = serializers.ChoiceField(
        choices=[*State.values, *Outcome.values], help_text="The provider's outcome, else the state of sending."
    )
    at = serializers.DateTimeField()


class InvitationShape(serializers.Serializer[Any]):
    """One offer to join."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=Role.choices)
    seats = serializers.ListField(child=serializers.CharField())
    status = serializers.ChoiceField(choices=list(STATUSES))
    member = serializers.UUIDField(allow_null=True)
    invited_by = InvitedBy()
    locale = serializers.CharField()
    sent_count = serializers.IntegerField()
    delivery = LatestDelivery(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    declined_at = serializers.DateTimeField(allow_null=True)
