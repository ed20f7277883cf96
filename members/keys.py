"""What API keys and product keys have in common, and how many calls a key may make."""

from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.errors import RateLimited
from members.ids import new_id

WINDOW = 60
"""Seconds from a key's first call until its count starts again."""


@dataclass(frozen=True)
class Rate:
    """How many calls a key has made in its window; ``reset`` is in seconds from now."""

    limit: int
    calls: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """The rate limit as response headers (draft-ietf-httpapi-ratelimit-headers)."""
        left = max(0, self.limit - self.calls)
        return {
            "RateLimit-Policy": f'"minute";q={self.limit};w={WINDOW}',
            "RateLimit": f'"minute";r={left};t={self.reset}',
        }

    def check(self) -> None:
        """Raise RateLimited if this call is one too many."""
        if self.calls > self.limit:
            raise RateLimited(f"This key made {self.limit} calls within a minute.", retry_after=self.reset)


def rate(calls: int, seconds: float) -> Rate:
    """Return the rate of a key with this many calls in a window that ends in this many seconds."""
    return Rate(settings.API_CALLS_PER_MINUTE, calls, min(WINDOW, max(1, round(seconds))))


class KeyStatus(models.TextChoices):
    """Whether a key works, and if not, why. An API key stops while its owner is not an active Admin."""

    WORKING = "working", pgettext_lazy("key", "Active")
    REVOKED = "revoked", _("Revoked")
    EXPIRED = "expired", pgettext_lazy("key", "Expired")
    STOPPED = "stopped", _("Stopped")


class Key(models.Model):
    """A program's credential. Only a digest of its secret is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=100)
    digest = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    rate: Rate | None = None
    """Set on an active key that was looked up for a call."""

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
