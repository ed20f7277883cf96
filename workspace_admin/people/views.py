"""The Members page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from members.access import Action, actor_for
from members.requests import SignedInRequest
from workspace_admin.people.list import context_of


@login_required
@require_safe
def members(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show who belongs to the workspace and who is invited, or say what it takes to see them."""
    actor = actor_for(request.user, slug)
    if not actor.may(Action.VIEW_MEMBERS):
        return refused(request, {"actor": actor, "workspace": actor.workspace, "nav": "members"})
    template = "workspace_admin/people/answer.html" if request.htmx else "workspace_admin/people/members.html"
    response = render(request, template, context_of(request, actor))
    patch_vary_headers(response, ["HX-Request"])
    return response


def refused(request: HttpRequest, context: dict[str, object]) -> HttpResponse:
    """Say that the list is for Admins and Billing, and whom to ask."""
    return render(request, "workspace_admin/people/refused.html", context, status=403)
