"""What the API remembers of calls: stored responses for repetition, and counts for rate limits."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


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
        app_label = "members"
        indexes: ClassVar = [models.Index(fields=["created_at"], name="kept_answer_by_age")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key} {self.part}"


class CallCount(models.Model):
    """How many calls a key has made since its minute began. The table is not logged: a crash may empty it."""

    key_id = models.UUIDField(primary_key=True)
    since = models.DateTimeField()
    calls = models.PositiveIntegerField()

    class Meta:
        app_label = "members"

    def __str__(self) -> str:
        return f"{self.key_id} {self.calls}"
