"""What was before the demo: how seats came to stand as they do, and who was here when. Only time is moved by hand."""

from datetime import date, timedelta

from django.db.models.functions import Now
from django.utils.timezone import localdate

from billing_seats.models import Product, SeatDay
from members.models import Workspace

type Turn = tuple[int, int, int, int]
"""So many days ago, and from then on: seats bought, in use, held."""

TURNS: dict[str, dict[str, list[Turn]]] = {
    "acme": {
        "le-chat-team": [
            (80, 3, 1, 0), (76, 3, 1, 2), (73, 3, 3, 0), (66, 6, 3, 2), (63, 6, 4, 1), (61, 6, 5, 0), (47, 4, 5, 0),
            (42, 4, 4, 0), (31, 10, 4, 0), (30, 10, 4, 3), (28, 10, 5, 2), (26, 10, 6, 0), (14, 10, 5, 0),
            (9, 10, 4, 1), (5, 10, 3, 1), (2, 10, 3, 0),
        ],
        "mistral-code": [
            (59, 2, 0, 1), (57, 2, 1, 0), (36, 2, 1, 1), (33, 2, 2, 0), (22, 3, 2, 0), (12, 3, 1, 0),
        ],
    },
    "globex": {
        "le-chat-team": [
            (80, 10, 1, 0), (69, 10, 1, 4), (66, 10, 4, 1), (62, 10, 5, 0), (45, 25, 5, 6), (41, 25, 9, 0),
            (20, 50, 9, 0), (17, 50, 6, 0), (8, 50, 3, 0), (3, 50, 1, 0),
        ],
        "mistral-code": [(52, 20, 0, 2), (49, 20, 2, 0), (18, 20, 1, 0)],
    },
}  # fmt: skip
LAST_ACTIVE = {
    "bob@acme.example": timedelta(days=23),
    "frank@acme.example": timedelta(days=4),
    "grace@acme.example": timedelta(hours=19),
}


def seed_history() -> None:
    """Write the history of the demo's workspaces up to yesterday, and when its people were last active."""
    products = {product.slug: product for product in Product.objects.all()}
    for slug, of_product in TURNS.items():
        workspace = Workspace.objects.get(slug=slug)
        for name, turns in of_product.items():
            SeatDay.objects.bulk_create(_days(workspace, products[name], turns, localdate()))
    for email, ago in LAST_ACTIVE.items():
        Workspace.objects.get(slug="acme").memberships.filter(email=email).update(last_active_at=Now() - ago)


def _days(workspace: Workspace, product: Product, turns: list[Turn], today: date) -> list[SeatDay]:
    rows = []
    for ago in range(turns[0][0], 0, -1):
        _from, purchased, in_use, held = [turn for turn in turns if turn[0] >= ago][-1]
        figures = {"purchased": purchased, "in_use": in_use, "held": held}
        rows.append(SeatDay(workspace=workspace, product=product, day=today - timedelta(days=ago), **figures))
    return rows
