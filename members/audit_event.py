"""The audit log's table."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from members.ids import new_id


class AuditEvent(models.Model):
    """One change, with who made it. No foreign keys: it outlives what it speaks of; the table refuses changes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace_id = models.UUIDField()
    occurred_at = models.DateTimeField(db_default=Now())
    action = models.CharField(max_length=40)
    actor_type = models.CharField(max_length=8)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=254)
    target_type = models.CharField(max_length=20)
    target_id = models.UUIDField(null=True)
    target_label = models.CharField(max_length=254)
    changes = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["workspace_id", "-occurred_at", "-id"], name="audit_newest_first"),
            models.Index(fields=["workspace_id", "action", "-occurred_at", "-id"], name="audit_by_action"),
            models.Index(fields=["workspace_id", "target_id", "-occurred_at", "-id"], name="audit_by_target"),
            models.Index(fields=["workspace_id", "actor_id", "-occurred_at", "-id"], name="audit_by_actor"),
            # Who was removed is known by their address only.
            models.Index(fields=["workspace_id", "target_label", "-occurred_at", "-id"], name="audit_by_label"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_label}"
