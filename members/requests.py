"""The request that views behind ``login_required`` receive, and the navigation of pages outside a workspace."""

from typing import Any

from django.http import HttpRequest

from members.access import actor_for
from members.errors import NotFound
from members.models import User


class SignedInRequest(HttpRequest):
    """A request of a signed-in user, as the middleware left it; for annotations only."""

    user: User
    htmx: Any


def last_workspace(user: User) -> dict[str, object]:
    """Return the context of the workspace last used, so that a page outside any still has its navigation."""
    try:
        actor = actor_for(user, str(user.last_workspace_id))
    except NotFound:
        return {}
    return {"actor": actor, "workspace": actor.workspace}
