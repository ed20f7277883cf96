"""The audit log: every change writes its event in its own transaction."""

from typing import Any, ClassVar, Protocol
from uuid import UUID

import structlog
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from members.ids import new_id

INSTALLATION = UUID(int=0)
"""The workspace id of events that concern the whole installation, such as a change to the catalogue."""


class AuditEvent(models.Model):
    """One change and who made it. It has no foreign keys, since it outlives its subjects; a trigger refuses updates."""

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
        verbose_name, verbose_name_plural = _("event"), _("audit log")
        indexes: ClassVar = [
            models.Index(fields=["workspace_id", "-occurred_at", "-id"], name="audit_newest_first"),
            models.Index(fields=["workspace_id", "action", "-occurred_at", "-id"], name="audit_by_action"),
            models.Index(fields=["workspace_id", "target_id", "-occurred_at", "-id"], name="audit_by_target"),
            models.Index(fields=["workspace_id", "actor_id", "-occurred_at", "-id"], name="audit_by_actor"),
            # For support staff, who look for an address, a request or each other in all workspaces.
            models.Index(fields=["target_label"], name="audit_by_subject"),
            models.Index(fields=["request_id"], name="audit_by_request", condition=~Q(request_id="")),
            models.Index(fields=["id"], name="audit_by_staff", condition=Q(actor_type="staff")),
            # Who was removed is known by their address only.
            models.Index(fields=["workspace_id", "target_label", "-occurred_at", "-id"], name="audit_by_label"),
            # Whose words or addresses may be in it, beside those of actor and target: for a person's erasure.
            models.Index(
                fields=["workspace_id"],
                name="audit_with_words",
                condition=~Q(reason="") | Q(changes__has_key="email"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_label}"


class Who(Protocol):
    """What the log notes of a caller."""

    @property
    def kind(self) -> str:
        """Kind of actor."""

    @property
    def id(self) -> UUID | None:
        """The actor's account."""

    @property
    def label(self) -> str:
        """The actor's name at the time."""

    @property
    def reason(self) -> str:
        """Why, if a reason was asked for."""


class Target(Protocol):
    """What an event is about."""

    id: UUID


def event(
    who: Who, workspace_id: UUID, action: str, target: Target, changes: dict[str, list[Any]] | None = None
) -> AuditEvent:
    """Return an unsaved event; ``changes`` maps each field to [before, after]. Bulk callers save many at once."""
    return AuditEvent(
        workspace_id=workspace_id,
        action=action,
        actor_type=who.kind,
        actor_id=who.id,
        actor_label=who.label[:254],
        target_type=getattr(target, "audited_as", type(target).__name__.lower()),
        target_id=target.id,
        target_label=str(getattr(target, "email", target))[:254],
        changes=changes or {},
        reason=who.reason[:500],
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
    )


def record(
    who: Who, workspace_id: UUID, action: str, target: Target, changes: dict[str, list[Any]] | None = None
) -> None:
    """Write one event."""
    event(who, workspace_id, action, target, changes).save(force_insert=True)
