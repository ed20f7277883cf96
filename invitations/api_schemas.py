"""What the REST API reads and writes of invitations."""

from typing import Any, ClassVar

from django.db.models import Q
from rest_framework import serializers

from invitations.models import DAYS, DEFAULT_DAYS, NOTE_LENGTH, InvitationStatus, Outcome
from members.jobs.services import MAX_ITEMS
from members.models import Role
from members.names import MAX_EXTERNAL_ID
from members.outbox.queue import State
from members.rest.fields import (
    AddressInQuery,
    AnyText,
    BoundedList,
    ExternalId,
    Id,
    Metadata,
    StrictBoolean,
    StrictInteger,
    Text,
    Timestamp,
)
from members.rest.resource import ListQuery, Strict, either, languages
from members.status import ENDED, LIVE

STATUSES = {
    "pending": Q(status=InvitationStatus.PENDING) & LIVE,
    "expired": Q(status=InvitationStatus.PENDING) & ENDED,
} | {status: Q(status=status) for status in ("accepted", "revoked", "declined")}


class InvitationsQuery(ListQuery):
    """What the list can be narrowed to."""

    status = serializers.ChoiceField(choices=list(STATUSES), required=False)
    email = AddressInQuery(max_length=1000, required=False)
    external_id = serializers.CharField(max_length=MAX_EXTERNAL_ID, required=False)
    updated_since = Timestamp(
        required=False,
        help_text="Only what changed at or after this time, the oldest change first. Overlap calls by a minute: "
        "changes appear in the order in which they are committed.",
    )


class OfferTerms(Strict):
    """What is offered; nothing of it is required."""

    role = serializers.ChoiceField(choices=Role.choices, default=Role.MEMBER.value)
    seats = BoundedList(child=Text(max_length=50), max_length=100, default=list, help_text="Slugs of products.")
    locale = serializers.ChoiceField(choices=languages(), default="", help_text="The email's language.")
    message = Text(max_length=NOTE_LENGTH, allow_blank=True, default="", help_text="A personal note.")
    expires_in_days = StrictInteger(min_value=DAYS[0], max_value=DAYS[-1], default=DEFAULT_DAYS)


class NewInvitation(OfferTerms):
    """An invitation to create; only `email` is required."""

    email = Text(max_length=1000)
    name = AnyText(default="", help_text="Shown in the member list until the person joins and sets their own.")
    external_id = ExternalId(default="")
    metadata = Metadata(default=dict)


class InvitationItem(Strict):
    """One person to invite; what is left out is as the call says for all."""

    email = AnyText()
    name = AnyText(required=False)
    role = serializers.ChoiceField(choices=Role.choices, required=False)
    seats = BoundedList(child=AnyText(), max_length=100, required=False, help_text="Slugs of products.")
    locale = serializers.ChoiceField(choices=languages(), required=False)
    message = AnyText(required=False)
    expires_in_days = StrictInteger(min_value=DAYS[0], max_value=DAYS[-1], required=False)
    external_id = ExternalId(required=False)
    metadata = Metadata(required=False)


class NewInvitations(OfferTerms):
    """People to invite: `emails` on the same terms, or `items` with terms of their own."""

    constraints: ClassVar = either("emails", "items")

    emails = BoundedList(child=AnyText(), min_length=1, max_length=MAX_ITEMS, required=False)
    items = BoundedList(child=InvitationItem(), min_length=1, max_length=MAX_ITEMS, required=False)
    dry_run = StrictBoolean(default=False, help_text="Returns what would be done, and does nothing.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise ValidationError unless either `emails` or `items` is given."""
        if ("emails" in attrs) == ("items" in attrs):
            code = "invalid" if "emails" in attrs else "required"
            raise serializers.ValidationError({"emails": ["Give either `emails` or `items`."]}, code=code)
        return attrs


class InvitationFilter(Strict):
    """Which invitations: all that meet each condition."""

    constraints: ClassVar = {"minProperties": 1}

    status = serializers.ChoiceField(choices=["pending", "expired"], required=False)
    email = Text(max_length=1000, required=False)
    external_id = Text(max_length=MAX_EXTERNAL_ID, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise ValidationError if there is no condition: everything is not a default."""
        if not attrs:
            raise serializers.ValidationError("Give at least one condition.", code="required")
        return attrs


class ChosenInvitations(Strict):
    """Invitations by id, or by a filter."""

    constraints: ClassVar = either("invitations", "filter")

    invitations = BoundedList(child=Id(), min_length=1, max_length=MAX_ITEMS, required=False)
    filter = InvitationFilter(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise ValidationError unless either `invitations` or `filter` is given."""
        if ("invitations" in attrs) == ("filter" in attrs):
            code = "invalid" if "filter" in attrs else "required"
            raise serializers.ValidationError({"invitations": ["Give either `invitations` or `filter`."]}, code=code)
        return attrs


class InvitationEdits(Strict):
    """What to change about a pending invitation: all of it, or nothing."""

    role = serializers.ChoiceField(choices=Role.choices, required=False)
    seats = BoundedList(
        child=Text(max_length=50),
        max_length=100,
        required=False,
        help_text="Slugs of all the products to hold a seat of.",
    )
    expires_at = Timestamp(required=False, help_text="Within the next 30 days.")
    external_id = ExternalId(required=False)
    metadata = Metadata(required=False)


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
    """One invitation."""

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
    suppressed = serializers.BooleanField(
        help_text="Whether the address gets no more email: an earlier one bounced or was marked as spam."
    )
    external_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    declined_at = serializers.DateTimeField(allow_null=True)
