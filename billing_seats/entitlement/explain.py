"""Entitlements in words, for pages: may this person open these products, and if not, why."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from billing_seats.budgets import SeatCount, seat_counts
from billing_seats.entitlement.check import Facts, Reason, decide, facts_of
from members.models import Status, Workspace


@dataclass(frozen=True)
class Step:
    """One condition of opening a product, and whether it is met."""

    text: str
    holds: bool


@dataclass(frozen=True)
class Explanation:
    """Whether a person may open one product: in one sentence, and step by step."""

    count: SeatCount
    reason: Reason
    has_seat: bool
    sentence: str
    steps: list[Step]

    @property
    def entitled(self) -> bool:
        """Whether the product may be opened."""
        return self.reason == Reason.SEAT


def explain_all(workspace: Workspace, who: str = "", **member: object) -> list[Explanation]:
    """Return an explanation for each product of the workspace, by slug; the member is known by these fields.

    ``who`` is the person's name, or empty for the reader.
    """
    facts = facts_of(workspace, **member)
    return [explain(facts, count, who) for count in seat_counts(workspace)] if facts else []


def explain(facts: Facts, count: SeatCount, who: str = "") -> Explanation:
    """Return the explanation for one product."""
    reason = decide(facts, count.product.id)
    names = {"who": who, "product": count.product.name, "why": _why(reason, facts, count)}
    if reason == Reason.SEAT:
        sentence = _("%(who)s can open %(product)s.") if who else _("You can open %(product)s.")
    elif reason == Reason.NO_SEAT:
        sentence = (
            _("%(who)s has no %(product)s seat (%(why)s).") if who else _("You have no %(product)s seat (%(why)s).")
        )
    else:
        sentence = _("%(who)s can’t open %(product)s: %(why)s.") if who else _("You can’t open %(product)s: %(why)s.")
    return Explanation(count, reason, count.product.id in facts.product_ids, sentence % names, _steps(facts, count))


def _why(reason: Reason, facts: Facts, count: SeatCount) -> str:
    expired = _("the invitation has expired") if facts.status == Status.INVITED else _("access has ended")
    words = {
        Reason.INVITED: _("the invitation hasn’t been accepted yet"),
        Reason.DEACTIVATED: _("deactivated in this workspace"),
        Reason.EXPIRED: expired,
        Reason.PLAN: _("the %(plan)s plan has no product seats") % {"plan": facts.plan.label},
        Reason.NO_SEAT: seats_left(count),
    }
    return words.get(reason, "")


def seats_left(count: SeatCount) -> str:
    """Return how many seats are left, in words."""
    if count.over_assigned:
        return _("%(taken)s of %(bought)s taken") % {"taken": count.taken, "bought": count.purchased}
    return _("%(left)s of %(bought)s available") % {"left": count.available, "bought": count.purchased}


def _steps(facts: Facts, count: SeatCount) -> list[Step]:
    has_seat, plan_has_seats = count.product.id in facts.product_ids, facts.plan_has_seats
    plan = _("The %(plan)s plan includes seats") if plan_has_seats else _("The %(plan)s plan includes no seats")
    return [
        Step(_membership(facts.status), facts.status == Status.ACTIVE),
        Step(_expiry(facts), not facts.is_expired),
        Step(plan % {"plan": facts.plan.label}, plan_has_seats),
        Step(_("Has a seat") if has_seat else _("Has no seat (%(left)s)") % {"left": seats_left(count)}, has_seat),
    ]


def _membership(status: Status) -> str:
    words = {
        Status.ACTIVE: _("Active member of this workspace"),
        Status.INVITED: _("Invitation pending"),
        Status.DEACTIVATED: _("Deactivated in this workspace"),
    }
    return words[status]


def _expiry(facts: Facts) -> str:
    if facts.status == Status.INVITED:
        return _("The invitation has expired") if facts.is_expired else _("The invitation hasn’t expired")
    return _("Access has ended") if facts.is_expired else _("Access hasn’t ended")
