"""Offers to join, and the emails that carry them."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, JSONObject, Lower, Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from members.ids import new_id
from members.models import Membership, Role, Workspace
from members.outbox import queue

DEFAULT_DAYS = 7
DAYS = range(1, 31)
"""For how many days an invitation can be open."""
NOTE_LENGTH = 500


class InvitationStatus(models.TextChoices):
    """The stored status; *expired* is pending and no longer live."""

    PENDING = "pending", _("Pending")
    ACCEPTED = "accepted", _("Accepted")
    REVOKED = "revoked", _("Revoked")
    DECLINED = "declined", _("Declined")


class Invitation(models.Model):
    """One offer to join. While pending, its membership holds role, seats and end; they are copied when it ends."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations", db_index=False)
    # A composite key in the database sets this to NULL when the member is deleted.
    membership = models.ForeignKey(
        Membership,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="invitation_set",
        db_index=False,
    )
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=8, choices=Role)
    product_slugs = ArrayField(models.CharField(max_length=50), default=list)
    status = models.CharField(max_length=10, choices=InvitationStatus, default=InvitationStatus.PENDING)
    generation = models.PositiveIntegerField(default=1)
    sent_count = models.PositiveIntegerField(default=1)
    sent_at = models.DateTimeField(db_default=Now())
    days = models.PositiveSmallIntegerField(default=DEFAULT_DAYS)
    expires_at = models.DateTimeField()
    language = models.CharField(max_length=8, blank=True)
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)
    invited_by_type = models.CharField(max_length=8)
    invited_by_id = models.UUIDField(null=True)
    invited_by_name = models.CharField(max_length=254)
    last_sender_type = models.CharField(max_length=8)
    last_sender_id = models.UUIDField(null=True)
    asked_generation = models.PositiveIntegerField(default=0)
    accepted_by = models.UUIDField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)
    # As the membership's.
    external_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    metadata = models.JSONField(blank=True, default=dict, db_default={})
    # Set by triggers when anything changes that the API shows, including the member's role and seats.
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "email"], name="invitation_one_pending", condition=Q(status="pending")
            ),
            models.UniqueConstraint(fields=["workspace", "id"], name="invitation_tenant_key"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="invitation_email_is_lower_case"),
            models.CheckConstraint(condition=Q(days__gte=DAYS[0], days__lte=DAYS[-1]), name="invitation_days_in_range"),
            models.CheckConstraint(condition=Q(status__in=InvitationStatus.values), name="invitation_status_is_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="invitation_newest_first"),
            models.Index(fields=["workspace", "membership"], name="invitation_by_member"),
            models.Index(fields=["expires_at"], name="invitation_ending", condition=Q(status="pending")),
            models.Index(fields=["workspace", "updated_at", "id"], name="invitation_by_change"),
            models.Index(
                fields=["workspace", "external_id"], name="invitation_by_external_id", condition=~Q(external_id="")
            ),
            # For support staff, who look for an address in all workspaces, by how it begins.
            models.Index(fields=["email"], opclasses=["varchar_pattern_ops"], name="invitation_by_email"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def inviter(self) -> str:
        """Who asked; somebody who was erased since has no name."""
        return self.invited_by_name or gettext("A former member")

    @property
    def display_status(self) -> str:
        """The status, with *expired* for a pending one whose end has passed.

        Only for invitations read with ``is_expired=IS_EXPIRED``: the database's clock decides.
        """
        is_expired = vars(self)["is_expired"]
        return "expired" if is_expired and self.status == InvitationStatus.PENDING else self.status


class Kind(models.TextChoices):
    """The kind of an email."""

    INVITATION = "invitation", _("Invitation")
    REMINDER = "reminder", _("Reminder")
    ASKED = "asked", _("Asked for a new link")
    JOINED = "joined", _("Joined")


class Outcome(models.TextChoices):
    """What the provider reported about an email."""

    DELIVERED = "delivered", _("Delivered")
    BOUNCED = "bounced", _("Bounced")
    COMPLAINED = "complained", _("Complained")


DRAIN = "invitations.tasks.drain"
"""The task that sends what is due."""
SUPPRESSING = Q(outcome__in=[Outcome.BOUNCED, Outcome.COMPLAINED], soft=False, released_at=None)
"""Deliveries that suppress their recipient's address: nothing is sent to it until an Admin releases it."""
LOST = Q(kind=Kind.INVITATION) & (Q(outcome__in=[Outcome.BOUNCED, Outcome.COMPLAINED]) | Q(state=queue.State.FAILED))
"""Emails with a link that did not arrive."""


class DeliveryQuerySet(queue.OutgoingQuerySet["Delivery"]):
    """Emails of invitations."""

    def suppressing(self) -> Self:
        """Return the deliveries that suppress their recipient's address in their workspace."""
        return self.filter(SUPPRESSING)

    def send_on_commit(self) -> None:
        """Nudge a worker once this transaction, with the emails it queues, is committed."""
        transaction.on_commit(partial(queue.nudge, DRAIN), robust=True)


class Delivery(queue.Outgoing):
    """One email of an invitation."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    invitation = models.ForeignKey(
        Invitation, on_delete=models.DO_NOTHING, db_constraint=False, related_name="deliveries", db_index=False
    )
    generation = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=Kind)
    recipient = models.EmailField(max_length=254)
    language = models.CharField(max_length=8, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    outcome_at = models.DateTimeField(null=True)
    # Who caused it, for the daily limits; NULL if the console sent it by itself.
    sender_id = models.UUIDField(null=True)
    # A temporary bounce, such as a full mailbox, which doesn't suppress the address.
    soft = models.BooleanField(default=False, db_default=False)
    # When an Admin stopped the suppression that this outcome caused.
    released_at = models.DateTimeField(null=True)

    fair = True
    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invitation", "generation", "kind", "recipient"], name="delivery_once_per_generation"
            ),
            models.UniqueConstraint(fields=["workspace", "id"], name="delivery_tenant_key"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "invitation", "created_at"], name="delivery_by_invitation"),
            models.Index(fields=["workspace", "recipient", "created_at"], name="delivery_by_recipient"),
            models.Index(
                fields=["workspace", "created_at"], name="delivery_counted", condition=Q(kind=Kind.INVITATION)
            ),
            models.Index(
                fields=["sender_id", "created_at"], name="delivery_by_sender", condition=Q(sender_id__isnull=False)
            ),
            models.Index(fields=["message_id"], name="delivery_by_message_id"),
            models.Index(fields=["workspace", "recipient"], name="delivery_suppressed", condition=SUPPRESSING),
            models.Index(fields=["workspace", "invitation"], name="delivery_lost", condition=LOST),
            *queue.indexes("delivery", fair=True),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.recipient}"

    @property
    def shown(self) -> str:
        """The outcome, else the state."""
        return self.outcome or self.state

    @classmethod
    def of_invitation(cls, invitation: Invitation, kind: Kind = Kind.INVITATION) -> Self:
        """Return the unsaved email that carries the invitation's link to the invitee."""
        return cls(
            workspace_id=invitation.workspace_id,
            invitation=invitation,
            generation=invitation.generation,
            kind=kind,
            recipient=invitation.email,
            language=invitation.language,
            sender_id=invitation.last_sender_id if kind == Kind.INVITATION else None,
        )

    @classmethod
    def notices(cls, invitation: Invitation, kind: Kind, readers: Iterable[tuple[str, str]]) -> list[Self]:
        """Return unsaved emails that notify members about the invitation, each address in its language."""
        return [
            cls(
                workspace_id=invitation.workspace_id,
                invitation=invitation,
                generation=invitation.generation,
                kind=kind,
                recipient=recipient,
                language=language,
            )
            for recipient, language in readers
        ]


def suppressed(of: str) -> models.Exists:
    """Return whether an address is suppressed; ``of`` names the column with it."""
    mails = Delivery.objects.suppressing().filter(workspace=models.OuterRef("workspace_id"))
    return models.Exists(mails.filter(recipient=models.OuterRef(of)))


def last_mail(of: str) -> models.Subquery:
    """Return the last email to the invitee as JSON; ``of`` names the column with the invitation's id.

    Its keys are ``state``, ``outcome``, ``soft``, ``released_at`` and ``at``. Not a join: before the table is analysed,
    Postgres would read all emails of the workspace for each row.
    """
    mails = Delivery.objects.filter(
        workspace=models.OuterRef("workspace_id"), invitation=models.OuterRef(of), kind=Kind.INVITATION
    )
    at = Coalesce("outcome_at", "sent_at", "created_at")
    about = JSONObject(state="state", outcome="outcome", soft="soft", released_at="released_at", at=at)
    return models.Subquery(mails.order_by("-created_at").values(about=about)[:1])


class EventType(models.TextChoices):
    """The type of a provider's event."""

    SENT = "sent", _("Sent")
    DELAYED = "delayed", _("Delayed")
    FAILED = "failed", _("Failed")
    DELIVERED = "delivered", _("Delivered")
    RETURNED = "returned", _("Returned for now")
    BOUNCED = "bounced", _("Bounced")
    COMPLAINED = "complained", _("Complained")


class DeliveryEvent(models.Model):
    """One event that a provider reported of an email, as often as it was reported."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="delivery_events", db_index=False)
    # A composite key in the database (workspace, delivery) deletes the event with its email.
    delivery = models.ForeignKey(
        Delivery, on_delete=models.DO_NOTHING, db_constraint=False, related_name="events", db_index=False
    )
    type = models.CharField(max_length=10, choices=EventType)
    at = models.DateTimeField()
    event_id = models.CharField(max_length=255, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "delivery", "type", "at"], name="delivery_event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.at}"


class LinkOpening(models.Model):
    """One opening of an invitation's link, by a person or a mail scanner; the first ones are kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="link_openings", db_index=False)
    # As above.
    invitation = models.ForeignKey(
        Invitation, on_delete=models.DO_NOTHING, db_constraint=False, related_name="openings", db_index=False
    )
    number = models.PositiveSmallIntegerField()
    generation = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())
    method = models.CharField(max_length=4)
    agent = models.CharField(max_length=200, blank=True)
    # Whether the page behind the link was shown to the same browser.
    followed = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "invitation", "number"], name="link_opening_once"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.at}"


TOKEN_LIFE = timedelta(days=1)
"""How old a provider's signature may be; its token is kept for twice as long."""


class WebhookTokenQuerySet(models.QuerySet["WebhookToken"]):
    """Tokens that providers signed, each with the body it first came with."""

    def claim(self, token: str, body: bytes) -> bool:
        """Return whether the token is new or came with this body before."""
        digest = hashlib.sha256(body).digest()
        self.bulk_create([WebhookToken(token=token[:100], digest=digest)], ignore_conflicts=True)
        return self.filter(token=token[:100], digest=digest).exists()

    def delete_expired(self) -> int:
        """Delete tokens whose signatures are too old to be accepted, and return how many."""
        return self.filter(created_at__lt=Now() - 2 * TOKEN_LIFE).delete()[0]


class WebhookToken(models.Model):
    """A token that a provider signed instead of a body, kept so that a captured signature can't be used for another."""

    token = models.CharField(max_length=100, primary_key=True)
    digest = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Now())

    objects = WebhookTokenQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["created_at"], name="webhook_token_by_age")]

    def __str__(self) -> str:
        return self.token
