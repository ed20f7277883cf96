"""What API keys and product keys have in common."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.ids import new_id
from members.rest.rate_limit import Rate


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
        """The status, from annotations: ``is_expired`` and, for API keys, ``owner_is_admin``."""
        annotations = vars(self)
        if self.revoked_at is not None:
            return KeyStatus.REVOKED
        if annotations["is_expired"]:
            return KeyStatus.EXPIRED
        return KeyStatus.WORKING if annotations.get("owner_is_admin", True) else KeyStatus.STOPPED
