"""What the shell around every page needs."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from members.models import Workspace


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the workspaces of the switcher, where the person is an active member: read when a page shows them."""

    def mine() -> list[Workspace]:
        if not request.user.is_authenticated:
            return []
        rows = request.user.memberships.active().select_related("workspace").order_by("workspace__name")
        return [row.workspace for row in rows]

    return {"my_workspaces": SimpleLazyObject(mine)}
