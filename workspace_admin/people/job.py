"""The page of a job: how far it is, what could not be done and why, and its answers as a file."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from members.access import Actor, actor_for
from members.errors import DomainError, InvalidRequest
from members.job import OPEN, Job, Row
from members.jobs import services
from members.requests import SignedInRequest
from workspace_admin import csv
from workspace_admin.people.bulk import NAMED, Group

COLUMNS = ("email", "result", "code", "detail")
"""Of the file of answers."""
_AT_ONCE = 500
_REASONS = {error.code: error.default for error in DomainError.__subclasses__() if error is not InvalidRequest}
"""Reasons in the reader's language: a job's rows are in English, as the API answers."""


@login_required
@require_safe
def job(request: SignedInRequest, slug: str, job: uuid.UUID) -> HttpResponse:
    """Show a job; htmx asks again for its progress while it is open."""
    actor = actor_for(request.user, slug)
    found = services.find(actor, job)
    is_open = found.status in OPEN
    context = {
        "actor": actor,
        "workspace": actor.workspace,
        "nav": "members",
        "job": found,
        "open": is_open,
        "worked": found.done + found.refused,
        "refused": [] if is_open else _refused(actor, found),
    }
    response = render(request, f"workspace_admin/people/job.html{'#progress' if request.htmx else ''}", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _refused(actor: Actor, job: Job) -> list[Group]:
    """Return those for whom it could not be done, by reason."""
    reasons: dict[str, list[Row]] = defaultdict(list)
    for row in _results(job).filter(result__result="refused"):
        reasons[str(_REASONS.get(row["code"], row["detail"]))].append(row)
    return [
        Group(reason, [one["email"] for one in _with_addresses(actor, rows[:NAMED])], max(len(rows) - NAMED, 0))
        for reason, rows in reasons.items()
    ]


def _results(job: Job) -> Any:
    return job.rows.filter(result__isnull=False).order_by("number").values_list("result", flat=True)


def _with_addresses(actor: Actor, rows: Iterable[Row]) -> list[Row]:
    """Return the rows with the address of each member, or "" for whoever has left."""
    rows = list(rows)
    ids = [row["member"] for row in rows if "member" in row]
    emails = {
        str(key): email for key, email in actor.workspace.memberships.filter(id__in=ids).values_list("id", "email")
    }
    return [{**row, "email": row.get("email") or emails.get(str(row.get("member")), "")} for row in rows]


@login_required
@require_POST
def stop(request: SignedInRequest, slug: str, job: uuid.UUID) -> HttpResponse:
    """Stop a job before its next hundred; what is done stays done."""
    services.stop(actor_for(request.user, slug), job)
    return redirect("job", slug, job)


@login_required
@require_safe
def answers(request: SignedInRequest, slug: str, job: uuid.UUID) -> StreamingHttpResponse:
    """Return the answers so far as CSV, in the order of the items."""
    actor = actor_for(request.user, slug)
    found = services.find(actor, job)

    def rows() -> Iterator[list[Any]]:
        for some in batched(_results(found).iterator(chunk_size=_AT_ONCE), _AT_ONCE):
            yield from ([row.get(column) for column in COLUMNS] for row in _with_addresses(actor, some))

    response = StreamingHttpResponse(csv.lines(COLUMNS, rows()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slug}-answers.csv"'
    return response
