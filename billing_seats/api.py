"""The door to a workspace's resources in the REST API."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rest_framework.request import Request

from billing_seats.models import ProductKey
from billing_seats.plans import Feature, require_feature
from members.access import Action, Actor, actor_for, key_actor, require
from members.acting import acting
from members.errors import PermissionDenied
from members.fairness import turn
from members.models import ApiKey, User
from members.rest.resource import READING, Resource


class WorkspaceResource(Resource):
    """A path under /workspaces/{workspace}: the caller is a member of it or its key, and its plan has the API."""

    actor: Actor
    on_every_plan = False
    """Whether it is there on a plan without the API too."""
    changing: Action
    """What a PATCH asks for, if there is one."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let the caller in."""
        super().initial(request, *args, **kwargs)
        self.enter(request, kwargs["workspace"])

    def enter(self, request: Request, workspace: str) -> None:
        """Find the caller's place in the workspace with this slug or id.

        Raises:
            NotFound: no such workspace, or none of the caller's.
            PermissionDenied: a product key, which is of none.
            PlanRequired: the plan is without the API.
            Unavailable: a write, while half of the process's threads are writing for this workspace.
        """
        if isinstance(request.auth, ProductKey):
            raise PermissionDenied("A product key only asks who may open its product.")
        if isinstance(request.auth, ApiKey):
            self.actor = key_actor(request.auth, workspace)
        else:
            user = request.user
            assert isinstance(user, User)  # noqa: S101 -- the permission let nobody else through; this tells mypy
            self.actor = actor_for(user, workspace, "subscription")
        if not self.on_every_plan:
            require_feature(self.actor.workspace, Feature.API)
        if request.method not in READING:
            self.until_done.enter_context(turn(self.actor.workspace.id))

    def before_replay(self) -> None:
        """Repeat an answer only to who may still ask for it: every POST is an Admin's.

        Raises:
            PermissionDenied
        """
        require(self.actor, Action.INVITE)

    @contextmanager
    def unchanging(self) -> Iterator[None]:
        """Keep the workspace locked, for the caller who may change it.

        Raises:
            PermissionDenied: the caller may not.
        """
        with acting(self.actor, self.changing) as self.actor:
            yield
