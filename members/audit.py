"""The audit log: every change writes its event in its own transaction."""

from typing import Any, Protocol
from uuid import UUID

import structlog

from members.models import AuditEvent

INSTALLATION = UUID(int=0)
"""The workspace id of events that concern the whole installation, such as a change to the catalogue."""


class Who(Protocol):
    """What the log notes of a caller."""

    @property
    def kind(self) -> str:
        """Kind of caller."""

    @property
    def id(self) -> UUID | None:
        """Whose account it is."""

    @property
    def label(self) -> str:
        """The name as it was."""

    @property
    def reason(self) -> str:
        """Why, where it was asked."""


class Target(Protocol):
    """What an event speaks of."""

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
