"""The door to a workspace's resources in the REST API."""

from typing import Any

from rest_framework.request import Request

from billing_seats.models import Product, ProductKey
from billing_seats.plans import Feature, require_feature
from members.access import Action, Actor, actor_for, key_actor, named, require
from members.api import Resource
from members.errors import NotFound, PermissionDenied
from members.models import ApiKey, User, Workspace


def product_caller(request: Request) -> Product | None:
    """Answer the product whose key is calling, or None: a person, or a workspace's own key."""
    return request.auth.product if isinstance(request.auth, ProductKey) else None


class WorkspaceResource(Resource):
    """A path under /workspaces/{workspace}: the caller is a member of it or its key, and its plan has the API."""

    actor: Actor
    on_every_plan = False
    """Whether it is there on a plan without the API too."""
    for_products = False
    """Whether product keys are let in, on every plan: the view asks ``product_caller`` which product that is."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let the caller in.

        Raises:
            NotFound: no such workspace, or none of the caller's.
            PermissionDenied: a product key where none is let in.
            PlanRequired: the plan is without the API.
        """
        super().initial(request, *args, **kwargs)
        if isinstance(request.auth, ProductKey):
            self.actor = self._product_actor(request.auth, kwargs["workspace"])
            return
        if isinstance(request.auth, ApiKey):
            self.actor = key_actor(request.auth, kwargs["workspace"])
        else:
            user = request.user
            assert isinstance(user, User)  # noqa: S101 -- the permission let nobody else through; this tells mypy
            self.actor = actor_for(user, kwargs["workspace"])
        if not self.on_every_plan:
            require_feature(self.actor.workspace, Feature.API)

    def _product_actor(self, key: ProductKey, workspace: str) -> Actor:
        if not self.for_products:
            raise PermissionDenied("A product key only asks who may open its product.")
        found = Workspace.objects.select_related("subscription").filter(**named(workspace)).first()
        if found is None:
            raise NotFound
        return Actor(kind="product", id=key.id, label=str(key.product), workspace=found)

    def before_replay(self) -> None:
        """Repeat an answer only to who may still ask for it: every POST is an Admin's.

        Raises:
            PermissionDenied
        """
        require(self.actor, Action.INVITE)

    def lock(self) -> None:
        """Let nobody else change anything in the workspace until the transaction ends."""
        Workspace.objects.lock(self.actor.workspace.id)
