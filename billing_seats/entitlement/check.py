"""May this person open this product? One decision for pages and API; products ask all day, so it is one statement."""

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import F, OuterRef

from billing_seats.models import Seat
from billing_seats.plans import FEATURES, Feature, Plan
from members.models import Membership, Status, Workspace

# Written out: the ORM would take longer to build this than the database to run it. Every table is read by a unique
# index; the words in braces are constants of this module.
_ASK = """
SELECT p.id, p.entitlement_max_age, s.plan, m.status,
    m.expires_at IS NOT NULL AND m.expires_at <= statement_timestamp(),
    EXISTS (
        SELECT FROM billing_seats_seat
        WHERE workspace_id = m.workspace_id AND membership_id = m.id AND product_id = p.id
    )
FROM members_workspace w
JOIN billing_seats_subscription s ON s.workspace_id = w.id
JOIN billing_seats_product p ON p.slug = %s
LEFT JOIN members_membership m ON m.workspace_id = w.id AND m.{person} = %s
WHERE w.{workspace} = %s
"""
_STATEMENTS = {
    (person, workspace): _ASK.format(person=person, workspace=workspace)
    for person in ("email", "user_id")
    for workspace in ("id", "slug")
}


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
class Facts:
    """What entitlements depend on: one member of a workspace, by the database's clock."""

    status: Status
    is_expired: bool
    plan: Plan
    product_ids: frozenset[uuid.UUID]

    @property
    def plan_has_seats(self) -> bool:
        """Whether the workspace's plan includes product seats."""
        return Feature.INVITATIONS in FEATURES[self.plan]


@dataclass(frozen=True)
class Entitlement:
    """Why someone may open a product, or not, and for how many seconds the answer may be cached."""

    reason: Reason
    max_age: int

    @property
    def entitled(self) -> bool:
        """Whether the product may be opened."""
        return self.reason == Reason.SEAT


def check(workspace: tuple[str, Any], product_slug: str, person: tuple[str, Any]) -> Entitlement | None:
    """Return whether the person may open the product in the workspace; None if either doesn't exist.

    ``workspace`` is ("id", id) or ("slug", slug); ``person`` is ("email", canonical address) or ("user_id", id).
    """
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENTS[person[0], workspace[0]], [product_slug, person[1], workspace[1]])
        row = cursor.fetchone()
    if row is None:
        return None
    product_id, max_age, plan, status, is_expired, has_seat = row
    seats = frozenset([product_id] if has_seat else [])
    facts = Facts(Status(status), is_expired, Plan(plan), seats) if status else None
    return Entitlement(decide(facts, product_id), max_age)


def decide(facts: Facts | None, product_id: uuid.UUID) -> Reason:
    """Return the first condition that fails, or SEAT. Without facts the person is not a member."""
    if facts is None:
        return Reason.NOT_A_MEMBER
    if facts.status == Status.DEACTIVATED:
        return Reason.DEACTIVATED
    if facts.is_expired:
        return Reason.EXPIRED
    if facts.status == Status.INVITED:
        return Reason.INVITED
    if not facts.plan_has_seats:
        return Reason.PLAN
    return Reason.SEAT if product_id in facts.product_ids else Reason.NO_SEAT


def facts_of(workspace: Workspace, **member: object) -> Facts | None:
    """Return the facts about the member with these fields (``id``, ``email`` or ``user``), in one statement."""
    seats = Seat.objects.filter(workspace=workspace, membership=OuterRef("pk"))
    row = (
        Membership.objects.filter(workspace=workspace, **member)
        .with_expiry()
        .annotate(plan=F("workspace__subscription__plan"), of=ArraySubquery(seats.values("product_id")))
        .values_list("status", "is_expired", "plan", "of")
        .first()
    )
    if row is None:
        return None
    status, is_expired, plan, product_ids = row
    return Facts(Status(status), is_expired, Plan(plan), frozenset(product_ids))
