"""Up to a hundred members changed under one lock: each is judged in memory, and all that is done is written at once."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from billing_seats import notices
from billing_seats.budgets import Room, rooms, sellable_products
from billing_seats.lifecycle.services import check_return
from billing_seats.models import Product, Seat
from billing_seats.plans import Feature, has_feature, require_feature
from billing_seats.services import release, require_live
from members import audit
from members.access import Actor
from members.clock import database_now
from members.errors import DomainError, LastAdmin, MemberInvited, NotFound
from members.models import AuditEvent, Membership, Role, Status, Workspace
from members.services import check_role, end_sessions


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What shall be so of each member; what is empty stays as it is."""

    role: str = ""
    status: str = ""
    seats_add: Collection[str] = ()
    seats_remove: Collection[str] = ()
    remove: bool = False


@dataclass(frozen=True)
class Answer:
    """What became of one member: done, unless there is an error."""

    member_id: uuid.UUID
    error: DomainError | None = None


def _is_admin(role: str, status: str) -> bool:
    return role == Role.ADMIN and status == Status.ACTIVE


class Batch:
    """The members of one chunk, read and locked; each change adds to what is written in the end."""

    def __init__(self, actor: Actor, workspace: Workspace, orders: Orders, ids: Sequence[uuid.UUID]) -> None:
        workspace.require_lock()
        self.actor, self.workspace, self.orders = actor, workspace, orders
        locked = workspace.memberships.select_for_update(no_key=True).filter(id__in=ids).order_by("id")
        self.members = {member.id: member for member in locked}
        self.held: defaultdict[uuid.UUID, dict[str, uuid.UUID]] = defaultdict(dict)
        seats = Seat.objects.filter(workspace=workspace, membership__in=list(self.members))
        for member_id, slug, product_id in seats.values_list("membership_id", "product__slug", "product_id"):
            self.held[member_id][slug] = product_id
        self.admins = workspace.memberships.admins().count()
        self.rooms = {room.product.slug: room for room in self._rooms(len(ids))}
        self.now = database_now()
        self.changed: defaultdict[str, list[Membership]] = defaultdict(list)
        self.given: list[Seat] = []
        self.events: list[AuditEvent] = []

    def _rooms(self, wanted: int) -> list[Room]:
        """Answer the rooms that seats may come from: those asked for, and those that members had before."""
        orders, again = self.orders, set[str]()
        if orders.seats_add:
            require_feature(self.workspace, Feature.INVITATIONS)
            sellable_products(self.workspace, sorted(orders.seats_add), field="set.seats_add")
        if orders.status == Status.ACTIVE and has_feature(self.workspace, Feature.INVITATIONS):
            again = {slug for member in self.members.values() for slug in member.seats_before}
        slugs = again.difference(orders.seats_remove).union(orders.seats_add)
        products = list(Product.objects.filter(slug__in=slugs, retired=False)) if slugs else []
        return rooms(self.workspace, products, wanted=wanted)

    def change(self, member_id: uuid.UUID) -> Answer:
        """Answer the member, and note what is to be written of them."""
        member = self.members.get(member_id)
        if member is None:
            return Answer(member_id, NotFound())
        try:
            self._change(member)
        except DomainError as error:
            return Answer(member_id, error)
        return Answer(member_id)

    def _change(self, member: Membership) -> None:
        orders = self.orders
        if member.status == Status.INVITED and (orders.status or orders.remove):
            raise MemberInvited
        role, status = orders.role or member.role, orders.status or member.status
        check_role(member, role)
        if status == Status.ACTIVE:
            check_return(member, self.now)
        gives = self._gives(member, status)
        was, will_be = _is_admin(member.role, member.status), _is_admin(role, status) and not orders.remove
        if was and not will_be and self.admins == 1:
            raise LastAdmin
        # Nothing is refused from here on: what is counted and noted stays.
        self.admins += will_be - was
        for room in gives:
            room.reserve()
        self._note(member, role, status, gives)

    def _gives(self, member: Membership, status: str) -> list[Room]:
        """Answer the rooms of which the member gets a seat: all that is asked for, and what is left of those they had.

        Raises:
            SeatsExhausted, OverAssigned, InvalidRequest
        """
        lacking = [slug for slug in sorted(self.orders.seats_add) if slug not in self.held[member.id]]
        asked = [self.rooms[slug] for slug in lacking]
        if asked:
            require_live(status, member.expires_at, self.now)
        for room in asked:
            if error := room.refusal():
                raise error
        returns = member.status == Status.DEACTIVATED and status == Status.ACTIVE
        before = [self.rooms[slug] for slug in member.seats_before if slug in self.rooms and slug not in lacking]
        return asked + ([room for room in before if room.refusal() is None] if returns else [])

    def _note(self, member: Membership, role: str, status: str, gives: Sequence[Room]) -> None:
        if self.orders.remove:
            self.changed["removed"].append(member)
            self._tell(member, "member.removed", {"role": [member.role, None], "status": [member.status, None]})
            return
        if role != member.role:
            self.changed["role"].append(member)
            self._tell(member, "member.role_changed", {"role": [member.role, role]})
        self.given += [Seat(workspace=self.workspace, membership=member, product=room.product) for room in gives]
        got = sorted(room.product.slug for room in gives)
        if status != member.status:
            self._note_status(member, status, got)
        else:
            self._note_seats(member, got)

    def _note_status(self, member: Membership, status: str, got: list[str]) -> None:
        held, statuses = sorted(self.held[member.id]), [member.status, status]
        self.changed[status].append(member)
        member.status = Status(status)
        if status == Status.ACTIVE:
            member.seats_before = []
            self._tell(member, "member.reactivated", {"status": statuses, "seats": [[], got]})
        else:
            member.seats_before = held
            self._tell(member, "member.deactivated", {"status": statuses, "seats": [held, []]})

    def _note_seats(self, member: Membership, got: list[str]) -> None:
        lost = sorted(self.held[member.id].keys() & set(self.orders.seats_remove))
        if lost:
            self.changed["taken"].append(member)
        for slug in lost:
            self._tell(member, "seat.taken", {"seats": [slug, None]})
        for slug in got:
            self._tell(member, "seat.given", {"seats": [None, slug]})

    def _tell(self, member: Membership, action: str, changes: dict[str, list[Any]]) -> None:
        self.events.append(audit.event(self.actor, self.workspace.id, action, member, changes))

    def write(self) -> None:
        """Write everything that was noted: seats are let go before access ends, and given after it began."""
        changed, rows = self.changed, self.workspace.memberships
        self._write_lost_seats()
        if ended := changed[Status.DEACTIVATED]:
            Membership.objects.bulk_update(ended, ["status", "seats_before"])
        if changed["role"]:
            rows.filter(id__in=[member.id for member in changed["role"]]).update(role=self.orders.role)
        if back := changed[Status.ACTIVE]:
            rows.filter(id__in=[member.id for member in back]).update(status=Status.ACTIVE, seats_before=[])
        if self.given:
            Seat.objects.bulk_create(self.given)
            notices.tell(self.workspace, list(self.rooms.values()))
        if removed := changed["removed"]:
            rows.filter(id__in=[member.id for member in removed]).delete()
        if ended or removed:
            end_sessions([member.user_id for member in ended + removed])
        AuditEvent.objects.bulk_create(self.events)

    def _write_lost_seats(self) -> None:
        if taken := self.changed["taken"]:
            lost = {seats.get(slug) for seats in self.held.values() for slug in self.orders.seats_remove} - {None}
            Seat.objects.filter(workspace=self.workspace, membership__in=taken, product__in=lost).delete()
        if ended := self.changed[Status.DEACTIVATED]:
            release(self.workspace, ended)
