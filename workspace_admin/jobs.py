"""Jobs in the REST API: bulk calls that run in the background."""

import uuid
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import JobShape, WorkspaceResource, job_to_json
from members.job import JobRow
from members.jobs import services
from members.rest.describe import described
from members.rest.pagination import Order
from members.rest.resource import ListQuery
from workspace_admin.people.api import seats_gone

BY_NUMBER = Order("number", "number", numbered=True)


class JobResult(serializers.Serializer[Any]):
    """The result for one item, as the bulk call would have returned it."""

    email = serializers.CharField(required=False)
    member = serializers.UUIDField(required=False)
    result = serializers.ChoiceField(choices=["done", "refused"])
    code = serializers.CharField(allow_null=True)
    detail = serializers.CharField(allow_null=True)
    invitation = serializers.UUIDField(allow_null=True)
    retry_after = serializers.IntegerField(required=False)
    seats_gone = seats_gone()


class JobPage(JobShape):
    """A job, with a page of the results that it has so far."""

    data = JobResult(many=True)  # type: ignore[assignment]  # -- shadows the serializer's own, of its class only
    next_cursor = serializers.CharField(allow_null=True, help_text="For `cursor`; null on the last page.")
    prev_cursor = serializers.CharField(allow_null=True, help_text="For `cursor`; null on the first page.")


class JobQuery(ListQuery):
    """Which of the results."""

    include = None  # type: ignore[assignment]  # -- the job says how many there are


class OneJob(WorkspaceResource):
    """A job of the workspace."""

    @described("Show a job", JobPage, query=JobQuery)
    def get(self, request: Request, workspace: str, job: uuid.UUID) -> Response:  # noqa: ARG002 -- the path's workspace is the actor's
        """Progress and the results so far, in the order given. A job is kept for 30 days after it ended.

        Who started it sees it, and every Admin.
        """
        found = services.find(self.actor, job)
        page = self.listed(found.rows.exclude(result__isnull=True), BY_NUMBER, self.query(JobQuery), _result)
        return Response(job_to_json(found) | page.data)

    @described("Stop a job", None, status=204)
    def delete(self, request: Request, workspace: str, job: uuid.UUID) -> Response:  # noqa: ARG002 -- as above
        """Stop it before the next 100 items. What is done stays done; a job that has ended stays as it is."""
        services.stop(self.actor, job)
        return Response(status=204)


def _result(row: JobRow) -> dict[str, Any]:
    return dict(row.result or {})
