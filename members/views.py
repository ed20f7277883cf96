"""Pages about people and workspaces: the front door, the roles guide, a workspace's settings."""

from collections.abc import Callable

from allauth.account.views import LoginView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from members import services
from members.access import ACTION_LABELS, ROLE_TABLE, Action, actor_for, require
from members.forms import WorkspaceForm
from members.models import Role, User
from members.requests import SignedInRequest, last_workspace

sign_in: Callable[[HttpRequest], HttpResponseBase] = LoginView.as_view()


def root(request: HttpRequest) -> HttpResponseBase:
    """Show the sign-in page, or redirect to the workspace last used."""
    user = request.user
    if not isinstance(user, User):
        return sign_in(request)
    memberships = user.memberships.active().select_related("workspace")
    last = memberships.filter(workspace=user.last_workspace).first() or memberships.order_by("joined_at").first()
    if last:
        return redirect("home", last.workspace.slug)
    return redirect("admin:index" if user.is_staff else "workspace-create")


@login_required
@require_safe
def roles_guide(request: SignedInRequest) -> HttpResponse:
    """Show what each role can do."""
    rows = [(label, [role in ROLE_TABLE[action] for role in Role]) for action, label in ACTION_LABELS.items()]
    return render(
        request,
        "members/roles_guide.html",
        {**last_workspace(request.user), "nav": "roles", "rows": rows, "roles": Role},
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show and change the workspace's name and whether invitees are reminded."""
    actor = actor_for(request.user, slug)
    require(actor, Action.CHANGE_SETTINGS)
    workspace = actor.workspace
    form = WorkspaceForm(request.POST or None, initial={"name": workspace.name, "reminders": workspace.reminders})
    if form.is_valid():
        services.change_settings(actor, **form.cleaned_data)
        messages.success(request, _("The settings were saved."))
        return redirect("settings", slug)
    context = {"actor": actor, "workspace": workspace, "nav": "settings", "form": form}
    return render(request, "members/settings.html", context, status=400 if form.errors else 200)
