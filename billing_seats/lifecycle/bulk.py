"""One change to many members: each gets their own answer, and what can be done is done."""

import uuid
from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from billing_seats.lifecycle.batch import Answer, Batch, Orders
from members.access import Action, Actor, require
from members.acting import acting
from members.errors import InvalidRequest, NotFound
from members.models import Role, Status, Workspace

CHUNK = 100
"""Members per transaction: a lock is held for tens of milliseconds, not for the whole of a long list."""
MAX_MEMBERS = 1_000


def _needed(orders: Orders) -> Iterator[Action]:
    if orders.role:
        yield Action.CHANGE_ROLE
    if orders.status:
        yield Action.DEACTIVATE if orders.status == Status.DEACTIVATED else Action.REACTIVATE
    if orders.seats_add:
        yield Action.GIVE_SEAT
    if orders.seats_remove:
        yield Action.TAKE_SEAT
    if orders.remove:
        yield Action.REMOVE


def _check(orders: Orders) -> None:
    kept = orders.role or orders.status or orders.seats_add or orders.seats_remove
    if not kept and not orders.remove:
        raise InvalidRequest(_("Say what to change."), field="set", code="required")
    if kept and orders.remove:
        message = _("Who is removed has no role, status or seats: give nothing else.")
        raise InvalidRequest(message, field="set.remove", code="alone")
    if orders.role and orders.role not in Role.values:
        raise InvalidRequest(_("Choose Admin, Member or Billing."), field="set.role", code="unknown")
    if orders.status and orders.status not in {Status.ACTIVE, Status.DEACTIVATED}:
        raise InvalidRequest(_("Choose active or deactivated."), field="set.status", code="unknown")
    if both := set(orders.seats_add).intersection(orders.seats_remove):
        message = _("“%(slug)s” cannot be both given and taken.") % {"slug": min(both)[:50]}
        raise InvalidRequest(message, field="set.seats_remove", code="contradiction")
    if orders.seats_add and orders.status == Status.DEACTIVATED:
        message = _("Who is deactivated has no seats.")
        raise InvalidRequest(message, field="set.seats_add", code="contradiction")


def prepare(actor: Actor, member_ids: Sequence[uuid.UUID], orders: Orders) -> None:
    """Let through what makes sense and is allowed; to be asked once, before the first chunk.

    Raises:
        PermissionDenied
        NotFound: one of them is not of this workspace.
        InvalidRequest: the orders are empty or contradict each other, or there are no or too many members.
    """
    for action in _needed(orders):
        require(actor, action)
    _check(orders)
    if not 0 < len(member_ids) <= MAX_MEMBERS:
        message = _("Choose at least one member and at most %(most)s.") % {"most": MAX_MEMBERS}
        raise InvalidRequest(message, field="members", code="too_many")
    wanted = set(member_ids)
    if actor.workspace.memberships.filter(id__in=wanted).count() != len(wanted):
        raise NotFound


def change_members(
    actor: Actor, member_ids: Sequence[uuid.UUID], orders: Orders, *, dry_run: bool = False
) -> list[Answer]:
    """Change up to a hundred different members under one lock, and answer each in the order given.

    A member for whom not all of it can be done stays as they are. Who is reactivated has the seats again that they had,
    as far as they are left. A ``dry_run`` only judges, up to a thousand: it writes nothing, and locks briefly.

    Raises:
        PermissionDenied, PlanRequired
        InvalidRequest: a product is unknown or not sold here; or the orders make no sense, see ``prepare``.
    """
    for action in _needed(orders):
        require(actor, action)
    _check(orders)
    with acting(actor, *_needed(orders)) as current:
        _require_bought(current.workspace, orders)
        batch = Batch(current, current.workspace, orders, member_ids)
        answers = [batch.change(member_id) for member_id in member_ids]
        if not dry_run:
            batch.write()
        return answers


def _require_bought(workspace: Workspace, orders: Orders) -> None:
    """Let through products that have been bought once; of what was never there, no seat can be taken."""
    if not orders.seats_remove:
        return
    bought = workspace.seat_pools.filter(product__slug__in=orders.seats_remove).values_list("product__slug", flat=True)
    if missing := set(orders.seats_remove).difference(bought):
        message = _("The subscription has no product “%(slug)s”.") % {"slug": min(missing)[:50]}
        raise InvalidRequest(message, field="set.seats_remove", code="unknown")
