"""Workspaces in the REST API, and the base of every resource that is one workspace's."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.models import Plan, ProductKey
from billing_seats.plans import FEATURES, Feature, require_feature
from members.access import Action, Actor, actor_for, key_actor, require
from members.acting import acting
from members.errors import InvalidRequest, PermissionDenied
from members.fairness import turn
from members.job import JobStatus
from members.jobs import services as jobs
from members.models import ApiKey, Job, User, Workspace
from members.rest.describe import described, page_of
from members.rest.fields import StrictBoolean, Text
from members.rest.pagination import Order
from members.rest.resource import READING, RESPOND_ASYNC, ListQuery, Resource, Strict
from members.services import change_settings

BY_NAME = Order("name", "name")


class JobShape(serializers.Serializer[Any]):
    """A bulk call in the background."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=JobStatus.values)
    total = serializers.IntegerField(help_text="How many items there are.")
    done = serializers.IntegerField()
    refused = serializers.IntegerField()
    code = serializers.CharField(allow_null=True, help_text="Why it was stopped: an error code, or `stopped`.")
    detail = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


def job_to_json(job: Job) -> dict[str, Any]:
    """Return a job as the API writes it."""
    return {
        "id": job.id,
        "status": job.status,
        "total": job.total,
        "done": job.done,
        "refused": job.refused,
        "code": job.code or None,
        "detail": job.detail or None,
        "created_at": job.created_at,
        "ended_at": job.ended_at,
    }


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

    def require_at_most(self, most: int, items: Sequence[Any], field: str) -> None:
        """Raise InvalidRequest if there are more items than one response can wait for."""
        if len(items) > most:
            job = f"`Prefer: {RESPOND_ASYNC}`, which needs `dry_run` left out, takes up to {jobs.MAX_ITEMS:,}"
            message = f"Use at most {most:,} items. {job}."
            raise InvalidRequest(message, field=field, code="max_length")

    def in_background(self, start: Callable[[], Job]) -> Response:
        """Start a job and return 202 with its address; repeated under the same key, the same job's."""
        job_id = self.part(1, lambda: str(start().id))
        job = jobs.find(self.actor, UUID(job_id))
        address = reverse("api-job", args=[self.actor.workspace.slug, job.id])
        headers = {"Location": address, "Preference-Applied": RESPOND_ASYNC}
        return Response(job_to_json(job), status=HTTPStatus.ACCEPTED, headers=headers)

    @contextmanager
    def unchanging(self) -> Iterator[None]:
        """Keep the workspace locked, for the caller who may change it.

        Raises:
            PermissionDenied: the caller may not.
        """
        with acting(self.actor, self.changing) as self.actor:
            yield


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


def to_json(workspace: Any) -> dict[str, Any]:
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


def queryset(request: Request) -> QuerySet[Workspace]:
    """Return the caller's workspaces: where a person is an active member, or a key's own.

    Raises:
        PermissionDenied: a product key is of none.
    """
    if isinstance(request.auth, ProductKey):
        raise PermissionDenied("A product key only asks who may open its product.")
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
        return self.listed(queryset(request), BY_NAME, self.query(ListQuery), to_json)


class OneWorkspace(WorkspaceResource):
    """A workspace."""

    on_every_plan = True
    changing = Action.CHANGE_SETTINGS

    @described("Show a workspace", WorkspaceShape)
    def get(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Its plan and what that includes; there on every plan."""
        return Response(to_json(queryset(request).get(id=self.actor.workspace.id)))

    @described("Change a workspace", WorkspaceShape, body=WorkspaceChanges)
    def patch(self, request: Request, workspace: str) -> Response:
        """Change its name, or whether invitees are reminded. The slug stays as it is."""
        require(self.actor, Action.CHANGE_SETTINGS)
        change_settings(self.actor, **self.body(WorkspaceChanges))
        return self.get(request, workspace)
