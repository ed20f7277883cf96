"""Changes one or a hundred members under one lock: each is checked in memory, then everything is written at once."""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject, Now
from django.utils.translation import gettext as _

from billing_seats.budgets import SeatBudget, require_sold, seat_budgets
from billing_seats.lifecycle import rules
from billing_seats.lifecycle.changes import UNCHANGED, MemberChanges, MemberResult
from billing_seats.models import Seat
from billing_seats.notices import notify_admins
from billing_seats.plans import Feature, has_feature, require_feature
from members import audit
from members.access import Actor
from members.clock import NEVER
from members.errors import DomainError, LastAdmin, MemberInvited, NotFound, PreconditionFailed
from members.models import AuditEvent, Membership, Role, Status
from members.services import end_sessions

type Changes = dict[str, list[Any]]


@dataclass
class PlannedChange:
    """What will be written for one member; seats are named by product slug."""

    member: Membership
    changes: MemberChanges
    held: dict[str, str] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    gained: list[SeatBudget] = field(default_factory=list)
    renewed: list[SeatBudget] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    @property
    def values(self) -> dict[str, Any]:
        """The columns that change, with their new values."""
        member, changes, values = self.member, self.changes, dict[str, Any]()
        if changes.role and changes.role != member.role:
            values["role"] = changes.role
        if changes.end_after(member) != member.expires_at:
            values["expires_at"] = changes.end_after(member)
        if changes.status and changes.status != member.status:
            values["status"], values["seats_before"] = changes.status, self.taken
        return values | self.labels

    @property
    def labels(self) -> dict[str, Any]:
        """The customer's own id and labels, as far as they change."""
        asked = {"external_id": self.changes.external_id, "metadata": self.changes.metadata}
        return {name: new for name, new in asked.items() if new is not None and new != getattr(self.member, name)}

    def inverse(self) -> MemberChanges | None:
        """Return the changes that make the member as they are now, unless they are removed."""
        member, values = self.member, self.values
        if self.changes.remove:
            return None
        given = [budget.product.slug for budget in self.gained]
        if "status" in values:
            # Former seats come back as far as they are left; who was deactivated had none.
            return MemberChanges(status=member.status)
        return MemberChanges(
            role=member.role if "role" in values else "",
            expires_at=member.expires_at if "expires_at" in values else UNCHANGED,
            seats_add=self.taken,
            seats_remove=given,
        )

    def events(self) -> Iterator[tuple[str, Changes]]:
        """Yield the audit events: what was done, and each field before and after."""
        member, values = self.member, self.values
        if self.changes.remove:
            action = "member.left" if self.changes.leaving else "member.removed"
            yield action, {"role": [member.role, None], "status": [member.status, None]}
            return
        if "role" in values:
            yield "member.role_changed", {"role": [member.role, values["role"]]}
        if "expires_at" in values:
            yield "member.end_changed", self._ends(member.expires_at, values["expires_at"])
        if labels := self.labels:
            yield "member.labelled", {name: [getattr(member, name), new] for name, new in labels.items()}
        given = [budget.product.slug for budget in self.gained]
        if "status" in values:
            action = "member.reactivated" if values["status"] == Status.ACTIVE else "member.deactivated"
            gone: Changes = {"seats_gone": [[], self.gone]} if self.gone else {}
            yield action, {"status": [member.status, values["status"]], "seats": [self.taken, given], **gone}
            return
        for slug in self.taken:
            yield "seat.taken", {"seats": [slug, None]}
        for slug in given:
            yield "seat.given", {"seats": [None, slug]}

    def _ends(self, before: datetime | None, after: datetime | None) -> Changes:
        changes: Changes = {"expires_at": [end.isoformat() if end else None for end in (before, after)]}
        if self.dropped:
            changes["seats"] = [list(self.held), [slug for slug in self.held if slug not in self.dropped]]
        return changes


class MemberBatch:
    """Members of the actor's workspace, read and locked for these ``changes``."""

    shown: Mapping[str, dict[str, Any] | None] | None = None
    """What a preview showed by member (None: refused), and nothing else is done; None if there was no preview."""

    def __init__(self, actor: Actor, member_ids: Sequence[uuid.UUID], *changes: MemberChanges) -> None:
        self.actor, self.workspace, self.changes = actor, actor.workspace, changes
        self.workspace.require_lock()
        self.assigns = any(one.seats_add for one in changes)
        if self.assigns:
            require_feature(self.workspace, Feature.INVITATIONS)
        self.members = {member.id: member for member in self._locked(member_ids)}
        self.now: datetime = next((vars(member)["read_at"] for member in self.members.values()), NEVER)
        self.admins_gained = 0
        self.planned: list[PlannedChange] = []

    def _locked(self, member_ids: Sequence[uuid.UUID]) -> QuerySet[Membership]:
        rows = self.workspace.memberships.select_for_update(no_key=True).filter(id__in=member_ids).order_by("id")
        if any(changes.concerns_seats for changes in self.changes):
            seats = Seat.objects.filter(workspace=self.workspace, membership=OuterRef("pk")).order_by("product__slug")
            rows = rows.annotate(held=ArraySubquery(seats.values(seat=JSONObject(slug="product__slug", id="id"))))
        return rows.annotate(read_at=Now())

    @cached_property
    def held(self) -> dict[uuid.UUID, dict[str, str]]:
        """The ids of the members' seats, by member and product."""
        return {
            member.id: {seat["slug"]: seat["id"] for seat in vars(member).get("held", ())}
            for member in self.members.values()
        }

    @cached_property
    def budgets(self) -> dict[str, SeatBudget]:
        """The budgets of each product on sale that a member may get, or get back."""
        slugs = {slug for changes in self.changes for slug in self._wanted(changes)}
        found = seat_budgets(self.workspace, slugs, wanted=len(self.members))
        return {budget.product.slug: budget for budget in found if not budget.product.retired}

    def _wanted(self, changes: MemberChanges) -> Iterator[str]:
        yield from changes.seats_add
        yield from changes.seats_on_return or ()
        for member in self.members.values():
            if changes.status == Status.ACTIVE and changes.seats_on_return is None:
                yield from member.seats_before
            if changes.sets_end and self._has_lapsed(member):
                yield from self.held[member.id]

    @cached_property
    def _admins(self) -> int:
        """How many active Admins there were before this batch."""
        return self.workspace.memberships.admins().count()

    def change(self, member_id: uuid.UUID, changes: MemberChanges) -> MemberResult:
        """Check the changes to one member and plan them; raise InvalidRequest if a product isn't sold here at all."""
        member = self.members.get(member_id)
        if member is None:
            return MemberResult(member_id, error=NotFound())
        if changes.seats_add:
            require_sold(self.budgets, changes.seats_add, field="seats_add")
        try:
            planned = self._plan(member, changes)
        except DomainError as error:
            return MemberResult(member_id, error=error)
        self.planned.append(planned)
        given = [budget.product for budget in planned.gained]
        unchanged = next(planned.events(), None) is None
        return MemberResult(
            member_id,
            member,
            unchanged=unchanged,
            inverse=planned.inverse(),
            seats_given=given,
            seats_gone=planned.gone,
        )

    def _plan(self, member: Membership, changes: MemberChanges) -> PlannedChange:
        refused_while_invited = changes.status or changes.remove or changes.sets_end or changes.sets_labels
        if member.status == Status.INVITED and refused_while_invited:
            raise MemberInvited
        role, status, ends_at = changes.role or member.role, changes.status or member.status, changes.end_after(member)
        rules.require_role_and_end(member, role, ends_at, self.now)
        if status == Status.ACTIVE:
            rules.require_may_return(member, ends_at, self.now)
        was_admin = _is_admin(member.role, member.status)
        stays_admin = _is_admin(role, status) and not changes.remove
        if was_admin and not stays_admin and self._admins + self.admins_gained == 1:
            raise LastAdmin
        planned = PlannedChange(member, changes)
        self._plan_seats(planned, status)
        if self.shown is not None:
            self._require_as_shown(planned, self.shown.get(str(member.id)))
        # Nothing is refused from here on, so counting is final.
        self.admins_gained += stays_admin - was_admin
        self._count(planned)
        return planned

    def _require_as_shown(self, planned: PlannedChange, shown: dict[str, Any] | None) -> None:
        """Raise PreconditionFailed unless the preview showed exactly this."""
        if shown is None:
            raise PreconditionFailed(_("This change was refused in the preview. Preview it again."))
        if shown != {"version": planned.member.updated_at.isoformat(), "seats_gone": planned.gone}:
            raise PreconditionFailed(_("This member changed after the preview. Preview the change again."))

    def _plan_seats(self, planned: PlannedChange, status: str) -> None:
        """Plan the seats that the member loses, gains and keeps, or raise if that can't be."""
        member, changes, ends_at = planned.member, planned.changes, planned.changes.end_after(planned.member)
        extended = self._has_lapsed(member) and ends_at != member.expires_at
        planned.held = self.held[member.id]
        if status == Status.DEACTIVATED != member.status:
            planned.taken = list(planned.held)
            return
        planned.taken = [slug for slug in planned.held if slug in changes.seats_remove]
        if extended:
            self._renew(planned)
        if lacking := [slug for slug in sorted(set(changes.seats_add)) if slug not in planned.held]:
            rules.require_may_hold_seats(status, ends_at, self.now)
            planned.gained = self._available(lacking)
        if member.status != status:
            self._give_back(planned)

    def _available(self, slugs: Sequence[str]) -> list[SeatBudget]:
        """Return the budgets of these products; raise unless each has a seat left."""
        found = [self.budgets[slug] for slug in slugs]
        for budget in found:
            budget.require()
        return found

    def _renew(self, planned: PlannedChange) -> None:
        """Count a lapsed member's seats again, except those not chosen and those of retired products."""
        chosen = planned.changes.seats_on_return
        kept = [slug for slug in planned.held if slug not in planned.taken and (chosen is None or slug in chosen)]
        if kept:
            require_feature(self.workspace, Feature.INVITATIONS)
        planned.gone = [slug for slug in kept if slug not in self.budgets]
        planned.renewed = self._available([slug for slug in kept if slug in self.budgets])
        renewed = {budget.product.slug for budget in planned.renewed}
        planned.dropped = [slug for slug in planned.held if slug not in renewed.union(planned.taken)]

    def _give_back(self, planned: PlannedChange) -> None:
        """Plan the seats a deactivated member returns with: those chosen, or the former ones as far as available."""
        chosen = planned.changes.seats_on_return
        if chosen is not None:
            if chosen:
                require_feature(self.workspace, Feature.INVITATIONS)
            require_sold(self.budgets, sorted(chosen), field="seats")
            planned.gained += self._available(sorted(set(chosen)))
            return
        decided = {*planned.changes.seats_add, *planned.changes.seats_remove}
        former = [slug for slug in planned.member.seats_before if slug not in decided]
        if former and has_feature(self.workspace, Feature.INVITATIONS):
            left = [self.budgets[slug] for slug in former if slug in self.budgets]
            planned.gained += [budget for budget in left if budget.refusal() is None]
        given = {budget.product.slug for budget in planned.gained}
        planned.gone = [slug for slug in former if slug not in given]

    def _count(self, planned: PlannedChange) -> None:
        """Count the planned seats. Removing a lapsed member's seat frees nothing, since it didn't count."""
        if self.assigns and not self._is_expired(planned.member):
            for budget in (self.budgets[slug] for slug in planned.taken if slug in self.budgets):
                budget.free += 1
        for budget in planned.gained + planned.renewed:
            budget.reserve()

    def _is_expired(self, member: Membership) -> bool:
        return member.expires_at is not None and member.expires_at <= self.now

    def _has_lapsed(self, member: Membership) -> bool:
        return member.status == Status.ACTIVE and self._is_expired(member)

    def write(self) -> None:
        """Write everything planned: seats are removed before access changes, and assigned after it has returned."""
        events = [
            audit.event(self.actor, self.workspace.id, action, planned.member, changes)
            for planned in self.planned
            for action, changes in planned.events()
        ]
        self._take_seats()
        ended = self._update_members()
        self._give_seats()
        if removed := [planned.member for planned in self.planned if planned.changes.remove]:
            self.workspace.memberships.filter(id__in=[member.id for member in removed]).delete()
        if ended or removed:
            end_sessions([member.user_id for member in ended + removed])
        if events:
            AuditEvent.objects.bulk_create(events)

    def _take_seats(self) -> None:
        lost = [planned.held[slug] for planned in self.planned for slug in planned.taken + planned.dropped]
        if lost:
            Seat.objects.filter(workspace=self.workspace, id__in=lost).delete()

    def _update_members(self) -> list[Membership]:
        """Update members that get the same values in one statement; return those who lost access."""
        alike: defaultdict[str, list[PlannedChange]] = defaultdict(list)
        for planned in self.planned:
            if values := planned.values:
                alike[repr(values)].append(planned)
        ended = []
        for group in alike.values():
            values, members = group[0].values, [planned.member for planned in group]
            self.workspace.memberships.filter(id__in=[member.id for member in members]).update(**values)
            for member in members:
                vars(member).update(values)
            if values.get("status") == Status.DEACTIVATED:
                ended += members
        return ended

    def _give_seats(self) -> None:
        seats = [
            Seat(workspace=self.workspace, membership=planned.member, product=budget.product)
            for planned in self.planned
            for budget in planned.gained
        ]
        Seat.objects.bulk_create(seats)
        counted = [budget for planned in self.planned for budget in planned.gained + planned.renewed]
        if counted:
            notify_admins(self.workspace, list(dict.fromkeys(counted)))


def _is_admin(role: str, status: str) -> bool:
    return role == Role.ADMIN and status == Status.ACTIVE
