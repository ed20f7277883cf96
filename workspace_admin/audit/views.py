"""The page of the audit log, and the log as a file."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing_seats.models import Product
from billing_seats.plans import Feature, has_feature
from members import audit_words
from members.access import Actor, actor_for
from members.errors import InvalidRequest
from members.models import AuditEvent
from members.requests import SignedInRequest
from members.rest.pagination import Page, page
from workspace_admin import csv
from workspace_admin.audit.export import FORMS, require_export
from workspace_admin.audit.forms import FilterForm
from workspace_admin.audit.queries import NEWEST_FIRST, events

LIMIT = 50


@login_required
@require_safe
def listing(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what was done in the workspace, newest first."""
    actor = actor_for(request.user, slug)
    rows = events(actor)
    form = FilterForm(request.GET)
    found = _page(form, rows, actor, request.GET.get("cursor", "")[:2000])
    names = _names(actor, found.rows)
    context = {
        "actor": actor,
        "workspace": actor.workspace,
        "nav": "audit",
        "form": form,
        "rows": [_row(event, names) for event in found.rows],
        "next": form.link(cursor=found.next_cursor) if found.next_cursor else "",
        "previous": form.link(cursor=found.prev_cursor) if found.prev_cursor else "",
        "query": form.link(),
        "may_export": has_feature(actor.workspace, Feature.AUDIT_EXPORT),
        "plan_label": actor.workspace.subscription.get_plan_display(),
    }
    return render(request, "workspace_admin/audit/log.html", context)


def _page(form: FilterForm, rows: Any, actor: Actor, cursor: str) -> Page[AuditEvent]:
    """Return a page of matching events; the first one if the cursor belongs to another list."""
    narrowed = form.narrow(rows, actor.workspace)
    try:
        return page(narrowed, NEWEST_FIRST, limit=LIMIT, cursor=cursor)
    except InvalidRequest:
        return page(narrowed, NEWEST_FIRST, limit=LIMIT)


def _names(actor: Actor, rows: list[AuditEvent]) -> dict[str, str]:
    """Return product names by slug, and names of the people whose ids appear in the events."""
    names = dict(Product.objects.values_list("slug", "name"))
    ids = [UUID(one) for event in rows for one in event.changes.get("created_by", ()) if one]
    people = actor.workspace.memberships.filter(user__in=ids).values_list("user_id", "name") if ids else ()
    return names | {str(user_id): name for user_id, name in people}


def _row(event: AuditEvent, names: dict[str, str]) -> dict[str, Any]:
    who, kind = audit_words.actor(event)
    changes = audit_words.changes(event, names)
    return {"event": event, "what": audit_words.title(event), "who": who, "kind": kind, "changes": changes}


@login_required
@require_safe
def export(request: SignedInRequest, slug: str, form: str) -> HttpResponseBase:
    """Stream all matching events as a file."""
    actor = actor_for(request.user, slug)
    rows = events(actor)
    require_export(actor)
    lines, media_type = FORMS[form]
    body = lines(FilterForm(request.GET).narrow(rows, actor.workspace))
    return csv.attachment(body, "audit", actor.workspace, form, media_type)
