"""Who may open which product, and why: one answer for pages, the console and programs."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, ExpressionWrapper, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing_seats.budgets import SeatCount, seat_counts
from billing_seats.models import Seat
from billing_seats.plans import FEATURES, Feature, Plan
from members.models import Membership, Status, Workspace


class Reason(StrEnum):
    """Why someone may open a product, or not; the names are the REST contract's."""

    SEAT = "seat"
    NO_SEAT = "no_seat"
    NOT_A_MEMBER = "not_a_member"
    INVITED = "invited"
    DEACTIVATED = "deactivated"
    EXPIRED = "expired"
    PLAN = "plan"


@dataclass(frozen=True)
class Standing:
    """What decides about someone in a workspace, at one moment of the database's clock."""

    status: Status
    over: bool
    plan: Plan
    products: frozenset[uuid.UUID]


@dataclass(frozen=True)
class Step:
    """One condition of opening a product: what it is and whether it holds."""

    text: str
    holds: bool


@dataclass(frozen=True)
class Explanation:
    """The answer about one product: yes or no, in one sentence, step by step. ``held``: they have a seat."""

    count: SeatCount
    reason: Reason
    held: bool
    sentence: str
    steps: list[Step]

    @property
    def entitled(self) -> bool:
        """Whether the product may be opened."""
        return self.reason == Reason.SEAT


def standing_of(workspace: Workspace, **known: object) -> Standing | None:
    """Answer how the member known by these fields (``id``, ``email`` or ``user``) stands, in one statement."""
    seats = Seat.objects.filter(workspace=workspace, membership=OuterRef("pk"))
    over = ExpressionWrapper(Q(expires_at__isnull=False, expires_at__lte=Now()), output_field=BooleanField())
    found = (
        Membership.objects.filter(workspace=workspace, **known)
        .annotate(over=over, plan=F("workspace__subscription__plan"), held=ArraySubquery(seats.values("product_id")))
        .values_list("status", "over", "plan", "held")
        .first()
    )
    if found is None:
        return None
    status, over_now, plan, held = found
    return Standing(Status(status), over_now, Plan(plan), frozenset(held))


def decide(standing: Standing | None, product_id: uuid.UUID) -> Reason:
    """Answer whether someone who stands so may open the product: the first condition that fails, or the seat."""
    if standing is None:
        return Reason.NOT_A_MEMBER
    if standing.status == Status.DEACTIVATED:
        return Reason.DEACTIVATED
    if standing.over:
        return Reason.EXPIRED
    if standing.status == Status.INVITED:
        return Reason.INVITED
    if Feature.INVITATIONS not in FEATURES[standing.plan]:
        return Reason.PLAN
    return Reason.SEAT if product_id in standing.products else Reason.NO_SEAT


def explain_all(workspace: Workspace, who: str = "", **known: object) -> list[Explanation]:
    """Answer the decision about each product of the workspace for the member known by these fields, by slug."""
    standing = standing_of(workspace, **known)
    return [explain(standing, count, who) for count in seat_counts(workspace)] if standing else []


def explain(standing: Standing, count: SeatCount, who: str = "") -> Explanation:
    """Answer the decision about one product in words; ``who`` is the person's name, or empty for the reader."""
    reason = decide(standing, count.product.id)
    names = {"who": who, "product": count.product.name, "why": _why(reason, standing, count)}
    if reason == Reason.SEAT:
        sentence = _("%(who)s can open %(product)s.") if who else _("You can open %(product)s.")
    elif who:
        sentence = _("%(who)s cannot open %(product)s: %(why)s.")
    else:
        sentence = _("You cannot open %(product)s: %(why)s.")
    held = count.product.id in standing.products
    return Explanation(count, reason, held, sentence % names, _steps(standing, count))


def _why(reason: Reason, standing: Standing, count: SeatCount) -> str:
    words = {
        Reason.INVITED: _("the invitation is not accepted yet"),
        Reason.DEACTIVATED: _("deactivated in this workspace"),
        Reason.EXPIRED: _("the invitation has expired")
        if standing.status == Status.INVITED
        else _("the access to this workspace has ended"),
        Reason.PLAN: _("the %(plan)s plan has no product seats") % {"plan": standing.plan.label},
        Reason.NO_SEAT: _("no seat; %(left)s") % {"left": seats_left(count)},
    }
    return words.get(reason, "")


def seats_left(count: SeatCount) -> str:
    """Answer how many seats are left, in words."""
    if count.over_assigned:
        message = ngettext(
            "%(taken)s is taken of %(bought)s bought", "%(taken)s are taken of %(bought)s bought", count.taken
        )
        return message % {"taken": count.taken, "bought": count.purchased}
    message = ngettext("%(left)s of %(bought)s is free", "%(left)s of %(bought)s are free", count.available)
    return message % {"left": count.available, "bought": count.purchased}


def _steps(standing: Standing, count: SeatCount) -> list[Step]:
    """Answer each condition as it is: the words say what is so, ``holds`` whether that is enough."""
    held = count.product.id in standing.products
    plan = Feature.INVITATIONS in FEATURES[standing.plan]
    includes = _("The %(plan)s plan includes seats") if plan else _("The %(plan)s plan includes no seats")
    return [
        Step(_belongs(standing.status), standing.status == Status.ACTIVE),
        Step(_lasts(standing), not standing.over),
        Step(includes % {"plan": standing.plan.label}, plan),
        Step(_("Holds a seat") if held else _("Holds no seat: %(left)s") % {"left": seats_left(count)}, held),
    ]


def _belongs(status: Status) -> str:
    words = {
        Status.ACTIVE: _("Active member of this workspace"),
        Status.INVITED: _("Invited, and has not joined yet"),
        Status.DEACTIVATED: _("Deactivated in this workspace"),
    }
    return words[status]


def _lasts(standing: Standing) -> str:
    if standing.status == Status.INVITED:
        return _("The invitation has expired") if standing.over else _("The invitation is open")
    return _("Access has ended") if standing.over else _("Access has not ended")
