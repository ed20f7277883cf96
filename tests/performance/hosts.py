"""Whom the bench invites for: a workspace of this run's own, so that those of the demo stay as small as they are."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from members.access import Actor

DOMAIN = "bench.example"


def host(seats: int = 0) -> "Actor":
    """Return the Admin of a new workspace that bought this many seats of the assistant."""
    from billing_seats.models import Plan  # noqa: PLC0415 -- models load after the set-up
    from members.access import actor_for  # noqa: PLC0415 -- as above
    from workspace_admin.demo import cast  # noqa: PLC0415 -- as above

    slug = f"bench-{time.time_ns()}"
    owner = cast.add_person(f"{slug}@{DOMAIN}", "Somebody New", None)
    cast.create_workspace(cast.DemoWorkspace("Bench", slug, Plan.TEAM, {cast.CHAT: seats}, owner.email), owner)
    return actor_for(owner, slug)
