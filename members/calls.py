"""What programs call with, and what is remembered of their calls."""

from typing import ClassVar

from django.db import models
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.ids import new_id
from members.rest.rate_limit import Rate

OVER = ExpressionWrapper(Q(expires_at__isnull=False, expires_at__lte=Now()), output_field=BooleanField())
"""Whether a row's end has passed."""


class KeyStatus(models.TextChoices):
    """Whether a key works, and if not, why. An API key stops while its owner is not an active Admin."""

    WORKING = "working", pgettext_lazy("key", "Active")
    REVOKED = "revoked", _("Revoked")
    EXPIRED = "expired", pgettext_lazy("key", "Expired")
    STOPPED = "stopped", _("Stopped")


class Key(models.Model):
    """A program's way in. Only a digest of its secret is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=100)
    digest = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    rate: Rate | None = None
    """How a key stands that was looked up for a call and works."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def status(self) -> KeyStatus:
        """The status, from annotations: ``over`` and, for API keys, ``owner_is_admin``."""
        annotations = vars(self)
        if self.revoked_at is not None:
            return KeyStatus.REVOKED
        if annotations["over"]:
            return KeyStatus.EXPIRED
        return KeyStatus.WORKING if annotations.get("owner_is_admin", True) else KeyStatus.STOPPED


class KeptAnswer(models.Model):
    """The first answer to a POST under an Idempotency-Key, or to one part of a long one; kept for a day."""

    pk = models.CompositePrimaryKey("caller", "key", "part")
    # The id of an API key or of an account.
    caller = models.UUIDField()
    key = models.CharField(max_length=255)
    part = models.PositiveSmallIntegerField()
    # A digest of method, path and body: another request under the same key is refused.
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["created_at"], name="kept_answer_by_age")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key} {self.part}"


class CallCount(models.Model):
    """How many calls a key has made since its minute began. The table is not logged: a crash may empty it."""

    key_id = models.UUIDField(primary_key=True)
    since = models.DateTimeField()
    calls = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.key_id} {self.calls}"
