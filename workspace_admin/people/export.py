"""The member list as CSV: what is shown, or who is selected. Streamed, so that it may be of any length."""

import uuid
from collections.abc import Collection, Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from members import audit
from members.access import Action, Actor, actor_for, require
from members.errors import InvalidRequest
from members.requests import SignedInRequest
from workspace_admin import csv
from workspace_admin.people import queries
from workspace_admin.people.bulk import picked
from workspace_admin.people.list_query import SHOWN, ListQuery

CHUNK = 2_000
"""Rows in memory at a time."""
COLUMNS = {
    "email": "email",
    "name": "name",
    "role": "role",
    "status": "shown_status",
    "seats": "seats_",
    "joined_at": "joined_at",
    "last_active_at": "last_active_at",
    "expires_at": "expires_at",
    "external_id": "external_id",
}
"""The file's columns, named as in the API, and what the reader of the list calls them."""
_ALWAYS = ("email", "name", "external_id")


def export_members(actor: Actor, asked: ListQuery, ids: Collection[uuid.UUID] | None = None) -> Iterator[str]:
    """Record the export and return its lines: of the members who meet the list's filters, or of those with these ids.

    The file has every column, unless others than usual are chosen for the list.

    Raises:
        PermissionDenied
    """
    require(actor, Action.VIEW_MEMBERS)
    query, header = asked.values(), _header(asked)
    rows = queries.everyone(actor.workspace, query)
    if ids is not None:
        rows = rows.filter(id__in=ids)
    number = queries.count(actor.workspace, query) if ids is None else rows.count()
    noted: dict[str, list[Any]] = {"rows": [None, number], "filters": [None, _noted(asked, ids)]}
    audit.record(actor, actor.workspace.id, "members.exported", actor.workspace, noted)
    # Without the transaction of a request, the cursor keeps its result, and no snapshot is held for a slow reader.
    return csv.lines(header, (_cells(row, header) for row in rows.iterator(chunk_size=CHUNK)))


def _header(asked: ListQuery) -> list[str]:
    if asked.columns == SHOWN:
        return list(COLUMNS)
    return [name for name in COLUMNS if name in _ALWAYS or name.removesuffix("_at") in asked.columns]


def _noted(asked: ListQuery, ids: Collection[uuid.UUID] | None) -> list[str]:
    """Return what the list was narrowed to, without the words searched for: they can name a person."""
    if ids is not None:
        return ["selection"]
    tab = [("tab", asked.tab)] if asked.tab != "all" else []
    return [f"{name}={value}" for name, value in [*tab, *asked.filters]] + (["q"] if asked.q else [])


def _cells(row: Any, header: Collection[str]) -> list[Any]:
    values = (getattr(row, COLUMNS[name]) for name in header)
    return [", ".join(value) if isinstance(value, list) else value for value in values]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def export(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Stream what the list at this address shows or, posted by the bar of a selection, those who are selected."""
    actor = actor_for(request.user, slug)
    if request.method == "HEAD":
        require(actor, Action.VIEW_MEMBERS)
        return HttpResponse(content_type=csv.MEDIA_TYPE)
    asked, ids = ListQuery.of(request.GET), None
    if request.method == "POST":
        asked = ListQuery.of(QueryDict(request.POST.get("filter", "").removeprefix("?")))
        ids = None if request.POST.get("filter") else picked(request.POST)
        if ids == []:
            raise InvalidRequest(_("Select the people to export first."), field="members", code="required")
    return csv.attachment(export_members(actor, asked, ids), "members", actor.workspace)
