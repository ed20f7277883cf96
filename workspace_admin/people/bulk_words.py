"""What can be done to many people at once, and the words for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing_seats.lifecycle.changes import MemberChanges
from invitations.services import resend_each, revoke_each
from members.access import Action
from members.errors import InvalidRequest
from members.models import Role, Status, Workspace

_ON_INVITATIONS: dict[str, tuple[Action, Callable[..., Sequence[Any]]]] = {
    "resend": (Action.RESEND, resend_each),
    "revoke": (Action.REVOKE, revoke_each),
}


@dataclass(frozen=True)
class BulkAction:
    """A change to members, or what is done to their invitations; ``subject`` is the role or the product."""

    name: str
    changes: MemberChanges = field(default_factory=MemberChanges)
    subject: str = ""

    @classmethod
    def of(cls, workspace: Workspace, do: str) -> Self:
        """Return what a button asks for: ``role:admin``, ``give:mistral-code``, ``resend`` and so on.

        Raises:
            InvalidRequest: it is none of these.
        """
        name, _colon, value = do.partition(":")
        if name in _ON_INVITATIONS and not value:
            return cls(name)
        if name == "role" and value in Role.values:
            return cls(name, MemberChanges(role=value), str(Role(value).label))
        if name in {"give", "take"}:
            pool = workspace.seat_pools.filter(product__slug=value).select_related("product").first()
            if pool is not None:
                changes = MemberChanges(seats_add=[value]) if name == "give" else MemberChanges(seats_remove=[value])
                return cls(name, changes, pool.product.name)
        others = {
            "deactivate": MemberChanges(status=Status.DEACTIVATED),
            "reactivate": MemberChanges(status=Status.ACTIVE),
            "remove": MemberChanges(remove=True),
        }
        if name in others and not value:
            return cls(name, others[name])
        raise InvalidRequest(_("Choose what to change."), field="do", code="required")

    @classmethod
    def kept(cls, workspace: Workspace, values: dict[str, Any]) -> Self:
        """Return the action that a preview was kept of."""
        if "invitations" in values:
            return cls(values["invitations"])
        changes = MemberChanges.from_json(values)
        [do] = [
            *([f"role:{changes.role}"] if changes.role else []),
            *(f"give:{slug}" for slug in changes.seats_add),
            *(f"take:{slug}" for slug in changes.seats_remove),
            *(["deactivate"] if changes.status == Status.DEACTIVATED else []),
            *(["reactivate"] if changes.status == Status.ACTIVE else []),
            *(["remove"] if changes.remove else []),
        ]
        return cls.of(workspace, do)

    @property
    def of_invitations(self) -> bool:
        """Whether it is done to invitations."""
        return self.name in _ON_INVITATIONS

    @property
    def service(self) -> Callable[..., Sequence[Any]]:
        """What does it to the invitations of these ids, with an answer for each."""
        return _ON_INVITATIONS[self.name][1]

    @property
    def needs(self) -> list[Action]:
        """What the actor must be allowed to do."""
        return [_ON_INVITATIONS[self.name][0]] if self.of_invitations else self.changes.actions

    @property
    def frees_seats(self) -> bool:
        """Whether people lose seats by it."""
        return self.name in {"take", "deactivate", "remove", "revoke"}

    @property
    def is_grave(self) -> bool:
        """Whether people lose their place or their access by it."""
        return self.name in {"deactivate", "remove", "revoke"}

    @property
    def title(self) -> str:
        """The question."""
        titles = {
            "role": _("Change role to %(subject)s?"),
            "give": _("Give a seat of %(subject)s?"),
            "take": _("Take the seat of %(subject)s?"),
            "deactivate": _("Deactivate these people?"),
            "reactivate": _("Reactivate these people?"),
            "remove": _("Remove these people from the workspace?"),
            "resend": _("Resend these invitations?"),
            "revoke": _("Revoke these invitations?"),
        }
        return titles[self.name] % {"subject": self.subject}

    @property
    def warning(self) -> str:
        """What is lost, where something is."""
        warnings = {
            "take": _("They can no longer open the product."),
            "deactivate": _("They lose access immediately and their seats are freed. They stay in the list."),
            "remove": _(
                "They lose access immediately and are removed from the list. To come back, they need a new invitation."
            ),
            "resend": _("Each gets a new link. The old links no longer work."),
            "revoke": _("Their links stop working immediately, and they are removed from the list."),
        }
        return warnings.get(self.name, "")

    def button(self, number: int) -> str:
        """Return the words of the button that does it for so many."""
        words = {
            "role": ngettext("Change %(number)s role", "Change %(number)s roles", number),
            "give": ngettext("Give %(number)s seat", "Give %(number)s seats", number),
            "take": ngettext("Take %(number)s seat", "Take %(number)s seats", number),
            "deactivate": ngettext("Deactivate %(number)s person", "Deactivate %(number)s people", number),
            "reactivate": ngettext("Reactivate %(number)s person", "Reactivate %(number)s people", number),
            "remove": ngettext("Remove %(number)s person", "Remove %(number)s people", number),
            "resend": ngettext("Resend %(number)s invitation", "Resend %(number)s invitations", number),
            "revoke": ngettext("Revoke %(number)s invitation", "Revoke %(number)s invitations", number),
        }
        return words[self.name] % {"number": number}

    def done(self, number: int) -> str:
        """Return what was done, to how many."""
        words = {
            "role": ngettext("%(number)s person is now %(subject)s.", "%(number)s people are now %(subject)s.", number),
            "give": ngettext(
                "%(number)s seat of %(subject)s assigned.", "%(number)s seats of %(subject)s assigned.", number
            ),
            "take": ngettext(
                "%(number)s seat of %(subject)s removed.", "%(number)s seats of %(subject)s removed.", number
            ),
            "deactivate": ngettext("%(number)s person deactivated.", "%(number)s people deactivated.", number),
            "reactivate": ngettext("%(number)s person reactivated.", "%(number)s people reactivated.", number),
            "remove": ngettext("%(number)s person removed.", "%(number)s people removed.", number),
            "resend": ngettext("%(number)s invitation sent again.", "%(number)s invitations sent again.", number),
            "revoke": ngettext("%(number)s invitation revoked.", "%(number)s invitations revoked.", number),
        }
        return words[self.name] % {"number": number, "subject": self.subject}
