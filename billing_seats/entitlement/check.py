"""May this person open this product? The question that products ask all day: one statement, whatever the answer."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from billing_seats.entitlement.explain import Reason, Standing, decide
from billing_seats.plans import Plan
from members.models import Status

# Written out, since the ORM would take longer to build this than the database to answer it. Every table is entered by a
# unique index; the words in braces are constants of this module.
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


@dataclass(frozen=True)
class Verdict:
    """Why someone may open a product, or not, and for how many seconds that may be believed without asking again."""

    reason: Reason
    max_age: int

    @property
    def entitled(self) -> bool:
        """Whether the product may be opened."""
        return self.reason == Reason.SEAT


def verdict(workspace: tuple[str, Any], product_slug: str, person: tuple[str, Any]) -> Verdict | None:
    """Answer whether the person may open the product in the workspace, or None: there is no such workspace or product.

    ``workspace`` is ("id", id) or ("slug", slug); ``person`` is ("email", canonical address) or ("user_id", id).
    """
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENTS[person[0], workspace[0]], [product_slug, person[1], workspace[1]])
        found = cursor.fetchone()
    if found is None:
        return None
    product_id, max_age, plan, status, over, holds = found
    standing = Standing(Status(status), over, Plan(plan), frozenset([product_id] if holds else [])) if status else None
    return Verdict(decide(standing, product_id), max_age)
