"""The door to a workspace's resources in the REST API."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.models import ProductKey
from billing_seats.plans import Feature, require_feature
from members.access import Action, Actor, actor_for, key_actor, require
from members.acting import acting
from members.errors import InvalidRequest, PermissionDenied
from members.fairness import turn
from members.job import JobStatus
from members.jobs import services as jobs
from members.models import ApiKey, Job, User
from members.rest.resource import READING, RESPOND_ASYNC, Resource


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
            message = f"Use at most {most:,} items, or up to {jobs.MAX_ITEMS:,} with `Prefer: {RESPOND_ASYNC}`."
            raise InvalidRequest(message, field=field, code="max_length")

    def in_background(self, action: Action, kind: str, items: Sequence[Any], options: dict[str, Any]) -> Response:
        """Start a job for the items and return 202 with its address; repeated under the same key, the same job's.

        Raises:
            PermissionDenied, InvalidRequest, RateLimited
        """
        job_id = self.part(1, lambda: str(jobs.start(self.actor, action, kind, items, options).id))
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
