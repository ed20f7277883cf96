"""Workspaces themselves in the REST API."""

from typing import Any

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import WorkspaceResource
from billing_seats.models import Plan, ProductKey
from billing_seats.plans import FEATURES, Feature
from members.access import Action, require
from members.errors import PermissionDenied
from members.models import ApiKey, Workspace
from members.rest.describe import described, page_of
from members.rest.fields import StrictBoolean, Text
from members.rest.pagination import Order
from members.rest.resource import ListQuery, Resource, Strict
from members.services import change_settings

BY_NAME = Order("name", "name")


class WorkspaceShape(serializers.Serializer[Any]):
    """A tenant: its members, subscription and seats belong to it alone."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    slug = serializers.CharField()
    plan = serializers.ChoiceField(choices=Plan.choices)
    features = serializers.ListField(
        child=serializers.ChoiceField(choices=list(Feature)),
        help_text="What the plan includes. Names that no plan includes are reserved.",
    )
    reminders = serializers.BooleanField(help_text="Whether invitees are reminded before their invitation expires.")
    created_at = serializers.DateTimeField()


class WorkspaceChanges(Strict):
    """What is changed: all that is given."""

    name = Text(max_length=100, required=False, help_text="Shown to everyone; no control characters, no line breaks.")
    reminders = StrictBoolean(required=False)


def shown(workspace: Any) -> dict[str, Any]:
    """Return a workspace, read with its ``plan``, as the API represents it."""
    included = FEATURES[workspace.plan]
    return {
        "id": workspace.id,
        "name": workspace.name,
        "slug": workspace.slug,
        "plan": workspace.plan,
        "features": [feature for feature in Feature if feature in included],
        "reminders": workspace.reminders,
        "created_at": workspace.created_at,
    }


def rows(request: Request) -> QuerySet[Workspace]:
    """Return the caller's workspaces: where a person is an active member, or a key's own.

    Raises:
        PermissionDenied: a product key is of none.
    """
    if isinstance(request.auth, ProductKey):
        raise PermissionDenied(_("A product key only asks who may open its product."))
    user: Any = request.user
    mine: Any = (
        [request.auth.workspace_id]
        if isinstance(request.auth, ApiKey)
        else user.memberships.active().values("workspace_id")
    )
    return Workspace.objects.filter(id__in=mine).annotate(plan=F("subscription__plan"))


class Workspaces(Resource):
    """The workspaces of who is calling."""

    @described("List workspaces", page_of(WorkspaceShape), query=ListQuery)
    def get(self, request: Request) -> Response:
        """By name; there on every plan."""
        return self.listed(rows(request), BY_NAME, self.query(ListQuery), shown)


class OneWorkspace(WorkspaceResource):
    """A workspace."""

    on_every_plan = True
    changing = Action.CHANGE_SETTINGS

    @described("Show a workspace", WorkspaceShape)
    def get(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Its plan and what that includes; there on every plan."""
        return Response(shown(rows(request).get(id=self.actor.workspace.id)))

    @described("Change a workspace", WorkspaceShape, body=WorkspaceChanges)
    def patch(self, request: Request, workspace: str) -> Response:
        """Change its name, or whether invitees are reminded. The slug stays as it is."""
        require(self.actor, Action.CHANGE_SETTINGS)
        change_settings(self.actor, **self.body(WorkspaceChanges))
        return self.get(request, workspace)
