"""The door to a workspace's resources in the REST API."""

from typing import Any

from rest_framework.request import Request

from billing_seats.plans import Feature, require_feature
from members.access import Actor, actor_for
from members.api import Resource
from members.models import User


class WorkspaceResource(Resource):
    """A path under /workspaces/{workspace}: the caller is a member of it, and its plan has the API."""

    actor: Actor

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let the caller in.

        Raises:
            NotFound: no such workspace, or none of the caller's.
            PlanRequired: the plan is without the API.
        """
        super().initial(request, *args, **kwargs)
        user = request.user
        assert isinstance(user, User)  # noqa: S101 -- IsAuthenticated let them through; this tells mypy
        self.actor = actor_for(user, kwargs["workspace"])
        require_feature(self.actor.workspace, Feature.API)
