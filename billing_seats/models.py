"""What a workspace has bought, and who holds it."""

from typing import ClassVar, Self

from django.contrib.postgres.indexes import BrinIndex
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from members.ids import new_id
from members.keys import Key
from members.models import Membership, Workspace
from members.outbox import queue


class Plan(models.TextChoices):
    """A plan to subscribe to. Names of plans are not translated."""

    FREE = "free", "Free"
    PRO = "pro", "Pro"
    TEAM = "team", "Team"
    ENTERPRISE = "enterprise", "Enterprise"


class Product(models.Model):
    """A product sold by the seat: a row of the catalogue, never a name in code."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=100)
    slug = models.CharField(max_length=50, unique=True, validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*\Z")])
    description = models.CharField(_("description"), max_length=300, blank=True)
    url = models.URLField(_("link to open"), blank=True)
    retired = models.BooleanField(_("retired"), default=False)
    entitlement_max_age = models.PositiveIntegerField(
        _("cache lifetime (s)"),
        default=60,
        db_default=60,
        validators=[MaxValueValidator(86_400)],
        help_text=_("For how many seconds the product may cache an entitlement before it checks again."),
    )

    class Meta:
        ordering: ClassVar = ["slug"]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """A workspace's plan."""

    class Status(models.TextChoices):
        """The state of payment."""

        ACTIVE = "active", _("Active")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="subscription")
    plan = models.CharField(max_length=12, choices=Plan, default=Plan.FREE)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    renews_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(plan__in=Plan.values), name="subscription_plan_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.workspace}: {self.get_plan_display()}"


class SeatPool(models.Model):
    """How many seats of a product a workspace bought, and how many rows of Seat there are, kept by triggers."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="seat_pools", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    purchased = models.PositiveIntegerField(default=0)
    assigned = models.PositiveIntegerField(default=0, editable=False)
    # Since when invitations are refused because no seat was available, until one is: Admins are told once.
    refused_since = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("seats"), _("seats")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "product"], name="seat_pool_one_per_product"),
        ]

    def __str__(self) -> str:
        return f"{self.product}: {self.purchased}"


class SeatQuerySet(models.QuerySet["Seat"]):
    """Seats read by the workspace's index, which ``member.seats`` would not use."""

    def of(self, member: Membership) -> Self:
        """Return the member's seats."""
        return self.filter(workspace=member.workspace_id, membership=member)


class Seat(models.Model):
    """A member's licence for one product. It counts while the membership is live."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="seats", db_index=False)
    # A composite key in the database (workspace, member) deletes the seat with its member.
    membership = models.ForeignKey(
        Membership, on_delete=models.DO_NOTHING, db_constraint=False, related_name="seats", db_index=False
    )
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    # The member's end date, and whether they are invited: kept by triggers, for counting.
    ends_at = models.DateTimeField(null=True, editable=False)
    held = models.BooleanField(default=False, db_default=False, editable=False)

    objects = SeatQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "membership", "product"], name="seat_one_per_member_and_product"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "product", "membership"], name="seat_by_product"),
            models.Index(
                fields=["workspace", "product", "ends_at"],
                name="seat_ending",
                include=["held"],
                condition=Q(ends_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.product)


class SeatDay(models.Model):
    """A product's seats at the end of one day, for the chart of the last 90 days."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="seat_days", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    purchased = models.PositiveIntegerField()
    in_use = models.PositiveIntegerField()
    held = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "product", "day"], name="seat_day_once"),
        ]
        # Rows are inserted in the order of days, so a tiny index finds the old ones.
        indexes: ClassVar = [BrinIndex(fields=["day"], name="seat_day_by_age", autosummarize=True)]

    def __str__(self) -> str:
        return f"{self.product} {self.day}"


class MemberPreview(models.Model):
    """What a change to many members would do; confirmed within 15 minutes, exactly this is done."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="member_previews", db_index=False, editable=False
    )
    actor_type = models.CharField(max_length=10)
    actor_id = models.UUIDField(null=True)
    changes = models.JSONField()
    rows = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["workspace", "created_at"], name="member_preview_by_age")]

    def __str__(self) -> str:
        return str(self.id)


class UndoableChange(models.Model):
    """A change to one member that its actor can undo for a few seconds, once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="undoable_changes", db_index=False, editable=False
    )
    actor_type = models.CharField(max_length=10)
    actor_id = models.UUIDField(null=True)
    # Or the invitation, of one that was revoked.
    member_id = models.UUIDField()
    # The member's updated_at after the change: whoever changed since is left alone.
    version = models.DateTimeField()
    inverse = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["workspace", "created_at"], name="undoable_change_by_age")]

    def __str__(self) -> str:
        return str(self.id)


class ProductKey(Key):
    """A key with which a product asks for entitlements in any workspace; support creates it."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="keys")

    audited_as = "product_key"


class Notice(queue.Outgoing):
    """One email to an Admin or Billing member about seats running low."""

    class Kind(models.TextChoices):
        """What it says."""

        LOW = "low", _("Few seats left")
        REFUSED = "refused", _("Invitation refused because no seat was available")

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="notices", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    recipient = models.EmailField(max_length=254)
    language = models.CharField(max_length=8, blank=True)

    fair = True
    objects = queue.OutgoingQuerySet["Notice"].as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["workspace", "-created_at"], name="notice_newest_first"),
            *queue.indexes("notice", fair=True),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.recipient}"
