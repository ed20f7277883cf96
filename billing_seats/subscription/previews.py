"""What a change of plan or seats would mean, shown before it is made."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing_seats.budgets import SeatCount, counted, idle_first
from billing_seats.models import Product
from billing_seats.plans import FEATURE_LABELS, FEATURES, Feature, Plan
from billing_seats.subscription.queries import over_assigned_words
from billing_seats.subscription.services import Shown
from members.errors import NotFound
from members.models import Membership, Status, Workspace

LISTED = 100
A_MOMENT = timedelta(minutes=10)


@dataclass(frozen=True)
class Holder:
    """A holder of a seat that could be removed."""

    id: uuid.UUID
    label: str
    email: str
    last_active: str


@dataclass(frozen=True)
class SeatsPreview:
    """A product's seats now and after the change, and whom to remove seats from if it is over its limit."""

    now: SeatCount
    after: SeatCount
    holders: Sequence[Holder]

    @property
    def more_people(self) -> str:
        """How many holders are not listed, in words."""
        more = self.after.taken - len(self.holders) if self.holders else 0
        words = ngettext(
            "And %(number)s more person, active more recently.",
            "And %(number)s more people, active more recently.",
            more,
        )
        return words % {"number": more} if more > 0 else ""

    @property
    def over_new_limit(self) -> str:
        """By how many seats the new limit would be exceeded, in words."""
        over = self.after.over_assigned
        return ngettext("%(number)s seat over the new limit", "%(number)s seats over the new limit", over) % {
            "number": over
        }

    @property
    def shown(self) -> Shown:
        """What the service compares with the state when the change is made."""
        return Shown(self.now.purchased, self.after.over_assigned)

    @property
    def figures(self) -> list[tuple[str, int, int]]:
        """Each figure's name, and its value now and after."""
        now, after = self.now, self.after
        rows = [
            (_("Bought"), now.purchased, after.purchased),
            (_("In use"), now.in_use, after.in_use),
            (_("Held by invitations"), now.held, after.held),
            (_("Available"), now.available, after.available),
        ]
        over = (_("Over limit"), now.over_assigned, after.over_assigned)
        return [*rows, over] if max(over[1:]) else rows

    @property
    def over_assigned(self) -> str:
        """By how many seats the product would be over its limit, in words; empty if it wouldn't."""
        return over_assigned_words(self.after)

    @property
    def action(self) -> str:
        """The label of the button that makes the change."""
        number = self.after.purchased
        if number < self.now.purchased:
            return ngettext("Reduce to %(number)s seat", "Reduce to %(number)s seats", number) % {"number": number}
        return ngettext("Increase to %(number)s seat", "Increase to %(number)s seats", number) % {"number": number}


@dataclass(frozen=True)
class PlanPreview:
    """What a workspace would lose and gain with another plan, in sentences."""

    before: Plan
    after: Plan
    losses: Sequence[str]
    gains: Sequence[str]


def count_of_product(workspace: Workspace, slug: str) -> SeatCount:
    """Return the seat count of a product that was bought or can be; raise NotFound for any other."""
    for _workspace, count in counted(workspace.seat_pools.filter(product__slug=slug)):
        return count
    product = Product.objects.filter(slug=slug, retired=False).first()
    if product is None:
        raise NotFound
    return SeatCount(product, 0, 0, 0)


def preview_seats(workspace: Workspace, count: SeatCount, purchased: int) -> SeatsPreview:
    """Return what this total number of seats would mean."""
    after = replace(count, purchased=purchased)
    holders = idle_first(workspace, count.product)[:LISTED] if after.over_assigned else ()
    return SeatsPreview(count, after, [_holder(member) for member in holders])


def _holder(member: Membership) -> Holder:
    return Holder(member.id, member.name or member.email, member.email if member.name else "", _last_active(member))


def _last_active(member: Membership) -> str:
    if member.status == Status.INVITED:
        return _("Invitation pending")
    if member.last_active_at is None:
        return _("Never active")
    if timezone.now() - member.last_active_at < A_MOMENT:
        return _("Active just now")
    return _("Last active %(time)s ago") % {"time": timesince(member.last_active_at, depth=1)}


def preview_plan(workspace: Workspace, plan: Plan) -> PlanPreview:
    """Return what changing to this plan would mean."""
    before = Plan(workspace.subscription.plan)
    lost, gained = FEATURES[before] - FEATURES[plan], FEATURES[plan] - FEATURES[before]
    losses = [sentence for feature in Feature if feature in lost for sentence in _losses(workspace, feature, plan)]
    gains = [str(FEATURE_LABELS[feature]) for feature in Feature if feature in gained]
    return PlanPreview(before, plan, losses, gains)


def _losses(workspace: Workspace, feature: Feature, plan: Plan) -> list[str]:
    if feature == Feature.INVITATIONS:
        return [
            *_waiting(workspace),
            _("On the %(plan)s plan, nobody can be invited and seats cannot be assigned.") % {"plan": plan.label},
        ]
    if feature == Feature.API:
        return [_api_stops(workspace)]
    return [_("%(feature)s is no longer included.") % {"feature": FEATURE_LABELS[feature]}]


def _api_stops(workspace: Workspace) -> str:
    keys = workspace.api_keys.working().count()
    if not keys:
        return _("The REST API stops working immediately.")
    message = ngettext(
        "The REST API stops working immediately, for %(count)s active API key.",
        "The REST API stops working immediately, for %(count)s active API keys.",
        keys,
    )
    return message % {"count": keys}


def _waiting(workspace: Workspace) -> list[str]:
    """Return, in words, what would be on hold until a plan includes seats."""
    live = workspace.memberships.live()
    seated = Exists(workspace.seats.filter(membership=OuterRef("pk")))
    found = live.aggregate(
        invited=Count("id", filter=Q(status=Status.INVITED)),
        seated=Count("id", filter=Q(status=Status.ACTIVE) & Q(seated)),
    )
    invited = ngettext(
        "%(count)s pending invitation is kept, but can’t be accepted or resent on that plan.",
        "%(count)s pending invitations are kept, but can’t be accepted or resent on that plan.",
        found["invited"],
    )
    people = ngettext(
        "%(count)s person can no longer open the products they have a seat for. They keep their seats.",
        "%(count)s people can no longer open the products they have a seat for. They keep their seats.",
        found["seated"],
    )
    told = ((invited, found["invited"]), (people, found["seated"]))
    return [sentence % {"count": number} for sentence, number in told if number]
