"""Changes to members and their results, the same for one member and for many."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final, Self

from django.utils.translation import gettext as _

from billing_seats.models import Product
from members.access import Action
from members.errors import DomainError, InvalidRequest
from members.models import Membership, Role, Status
from members.names import clean_external_id, clean_metadata


class Unchanged(Enum):
    """Stands for a value that was not given, where None is a value."""

    UNCHANGED = auto()


UNCHANGED: Final = Unchanged.UNCHANGED


@dataclass(frozen=True, kw_only=True)
class MemberChanges:
    """What to change about a member: all of it or nothing. What is left out stays as it is."""

    role: str = ""
    status: str = ""
    expires_at: datetime | Unchanged | None = UNCHANGED
    seats_add: Collection[str] = ()
    seats_remove: Collection[str] = ()
    seats_on_return: Collection[str] | None = None
    """Exactly these seats when access comes back. None: what is left of the former seats when reactivated, and all of
    the seats when a lapsed member is extended."""
    external_id: str | None = None
    metadata: Mapping[str, str] | None = None
    """The customer's own id and labels; whoever may change a role may change them."""
    remove: bool = False
    leaving: bool = False
    """Whether the member removes themselves."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.remove or self._keeps_member)

    @property
    def _keeps_member(self) -> bool:
        return bool(
            self.role or self.status or self.sets_end or self.seats_add or self.seats_remove or self.sets_labels
        )

    @property
    def sets_end(self) -> bool:
        """Whether the end date is set or removed."""
        return self.expires_at is not UNCHANGED

    @property
    def sets_labels(self) -> bool:
        """Whether the customer's own id or labels are set."""
        return self.external_id is not None or self.metadata is not None

    @property
    def concerns_seats(self) -> bool:
        """Whether the change depends on the member's seats or changes them."""
        return bool(self.status or self.sets_end or self.seats_add or self.seats_remove)

    def end_after(self, member: Membership) -> datetime | None:
        """Return when the member's access ends after the change."""
        return member.expires_at if self.expires_at is UNCHANGED else self.expires_at

    @property
    def actions(self) -> list[Action]:
        """The actions that the actor must be allowed: at least one, even for an empty change."""
        wanted = {
            Action.CHANGE_ROLE: self.role,
            Action.DEACTIVATE: self.status == Status.DEACTIVATED,
            Action.REACTIVATE: self.status == Status.ACTIVE,
            Action.SET_END: self.sets_end,
            Action.GIVE_SEAT: self.seats_add,
            Action.TAKE_SEAT: self.seats_remove,
            Action.REMOVE: self.remove and not self.leaving,
            Action.LEAVE: self.leaving,
        }
        return [action for action, asked in wanted.items() if asked] or [Action.CHANGE_ROLE]

    def to_json(self) -> dict[str, Any]:
        """Return the changes as JSON values."""
        values = {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != one.default}
        if isinstance(self.expires_at, datetime):
            values["expires_at"] = self.expires_at.isoformat()
        return {name: list(value) if name.startswith("seats") else value for name, value in values.items()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the changes that ``to_json`` returned."""
        ends_at = values.get("expires_at")
        return cls(**values | ({"expires_at": datetime.fromisoformat(ends_at)} if ends_at else {}))

    def require_valid(self) -> None:
        """Raise InvalidRequest if a value is unknown or the changes contradict each other."""
        if self.remove and self._keeps_member:
            message = _("`remove` cannot be combined with other changes.")
            raise InvalidRequest(message, field="remove", code="alone")
        if self.role and self.role not in Role.values:
            raise InvalidRequest(_("Choose Admin, Member or Billing."), field="role", code="unknown")
        if self.status and self.status not in {Status.ACTIVE, Status.DEACTIVATED}:
            raise InvalidRequest(_("Choose active or deactivated."), field="status", code="unknown")
        clean_external_id(self.external_id or "")
        clean_metadata(self.metadata or {})
        if both := set(self.seats_add).intersection(self.seats_remove):
            message = _("“%(slug)s” cannot be both assigned and removed.") % {"slug": min(both)[:50]}
            raise InvalidRequest(message, field="seats_remove", code="contradiction")
        if self.seats_add and self.status == Status.DEACTIVATED:
            message = _("Deactivated members cannot have seats.")
            raise InvalidRequest(message, field="seats_add", code="contradiction")


@dataclass(frozen=True)
class MemberResult:
    """The result for one member: done, unless there is an error."""

    member_id: uuid.UUID
    member: Membership | None = None
    error: DomainError | None = None
    unchanged: bool = False
    """Whether the member already is as asked for."""
    inverse: MemberChanges | None = None
    """What would make the member as they were, unless they are removed."""
    seats_given: Sequence[Product] = ()
    seats_gone: Sequence[str] = ()
    """Slugs of former seats that were no longer available."""
