"""The page of a workspace's settings."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from members import workspaces
from members.access import Action, actor_for, require
from members.forms import WorkspaceForm
from members.requests import SignedInRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show and change the workspace's name and whether invitees are reminded."""
    actor = actor_for(request.user, slug)
    require(actor, Action.CHANGE_SETTINGS)
    workspace = actor.workspace
    form = WorkspaceForm(request.POST or None, initial={"name": workspace.name, "reminders": workspace.reminders})
    if form.is_valid():
        workspaces.change_settings(actor, **form.cleaned_data)
        messages.success(request, _("The settings were saved."))
        return redirect("settings", slug)
    context = {"actor": actor, "workspace": workspace, "nav": "settings", "form": form}
    return render(request, "members/settings.html", context, status=400 if form.errors else 200)
