"""One person: a drawer beside the list for htmx, a page of its own without."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from billing_seats.entitlement.explain import Explanation, explain_all
from billing_seats.plans import FEATURES, Feature, Plan
from invitations.models import Invitation, Kind
from members.access import Action, Actor, actor_for, require
from members.audit_words import activity
from members.clock import last_day
from members.models import AuditEvent, Membership, Workspace
from members.requests import SignedInRequest
from workspace_admin.people import queries
from workspace_admin.people.list import shell_of
from workspace_admin.people.list_query import ListQuery
from workspace_admin.people.queries import Column
from workspace_admin.people.rows import Cell, Mail, Row, mail_of, present

MAILS, EVENTS = 10, 20


@dataclass(frozen=True)
class Opening:
    """One product and the person: whether they may open it and why, and whether a seat could only come from others."""

    cell: Cell
    why: Explanation
    used_up: bool


@login_required
@require_safe
def person(request: SignedInRequest, slug: str, member: UUID) -> HttpResponse:
    """Show one member: who they are, what they may open and why and, to Admins, their emails and history."""
    actor = actor_for(request.user, slug)
    require(actor, Action.VIEW_MEMBERS)
    try:
        found = queries.find_member(actor.workspace, member)
    except queries.MemberGone:
        if request.htmx and "refresh" in request.GET:
            # An empty drawer closes: whoever it showed has just been removed.
            return HttpResponse()
        raise
    context = _shell(request, actor) | _about(actor, found)
    part = "#drawer" if request.htmx else ""
    response = render(request, f"workspace_admin/people/person.html{part}", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _shell(request: SignedInRequest, actor: Actor) -> dict[str, Any]:
    shell = shell_of(request.user, actor.workspace)
    return {
        "actor": actor,
        "workspace": actor.workspace,
        "nav": "members",
        "my_workspaces": shell.workspaces,
        "plan_label": Plan(shell.plan).label,
        "plan_invites": Feature.INVITATIONS in FEATURES[shell.plan],
        "may_edit": actor.may(Action.CHANGE_ROLE),
        "may_invite": actor.may(Action.INVITE),
        "list_query": ListQuery.of(request.GET).link(),
    }


def _about(actor: Actor, member: Membership) -> dict[str, Any]:
    workspace, me = actor.workspace, actor.membership.id if actor.membership else None
    explained = explain_all(workspace, who=str(member), id=member.id)
    columns = [Column(one.count.product, one.count) for one in explained]
    [row] = present([member], columns, workspace.slug, me)
    invitations = list(workspace.invitations.filter(membership=member).order_by("-created_at"))
    context = {
        "member": member,
        "row": row,
        "products": _openings(row, explained),
        "invitation": invitations[0] if invitations else None,
        "access_through": last_day(member.expires_at) if member.expires_at else None,
        "may_see_history": actor.may(Action.VIEW_AUDIT) and actor.may(Action.VIEW_DELIVERIES),
    }
    if context["may_see_history"]:
        names = {one.product.slug: one.product.name for one in columns}
        context["mails"] = _mails(workspace, invitations)
        context["history"] = activity(_events(workspace, [member.id, *(one.id for one in invitations)]), names)
    return context


def _openings(row: Row, explained: Sequence[Explanation]) -> list[Opening]:
    pairs = zip(row.cells, explained, strict=True)
    return [
        Opening(cell, why, row.live and not cell.held and not why.count.available and not why.count.over_assigned)
        for cell, why in pairs
        if cell.held or not why.count.product.retired
    ]


def _events(workspace: Workspace, ids: list[UUID]) -> QuerySet[AuditEvent]:
    """Return the latest events about the member and their invitations, newest first."""
    events = AuditEvent.objects.filter(workspace_id=workspace.id, target_id__in=ids)
    return events.order_by("-occurred_at", "-id")[:EVENTS]


def _mails(workspace: Workspace, invitations: Sequence[Invitation]) -> list[tuple[str, Mail]]:
    """Return the emails of these invitations, newest first: what each was, and what became of it."""
    sent = workspace.deliveries.filter(invitation__in=invitations, kind__in=[Kind.INVITATION, Kind.REMINDER])
    return [(one.get_kind_display(), mail_of(one)) for one in sent.order_by("-created_at")[:MAILS]]
