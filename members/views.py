"""Pages about people and workspaces: the front door, the roles guide, the own profile, a workspace's settings."""

from collections.abc import Callable

from allauth.account.views import LoginView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_safe

from members import services
from members.access import ACTION_LABELS, ROLE_TABLE, Action, actor_for, require
from members.account import sessions
from members.errors import NotFound
from members.forms import ProfileForm, WorkspaceForm
from members.models import Role, User
from members.requests import SignedInRequest

sign_in: Callable[[HttpRequest], HttpResponseBase] = LoginView.as_view()


def _around(user: User) -> dict[str, object]:
    """Return the navigation of the workspace last used, for a page that belongs to none."""
    try:
        actor = actor_for(user, str(user.last_workspace_id))
    except NotFound:
        return {"nav": "roles"}
    return {"actor": actor, "workspace": actor.workspace, "nav": "roles"}


def root(request: HttpRequest) -> HttpResponseBase:
    """Sign in, or go on to the workspace last used."""
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
    """Say who may do what."""
    rows = [(label, [role in ROLE_TABLE[action] for role in Role]) for action, label in ACTION_LABELS.items()]
    return render(request, "members/roles_guide.html", {**_around(request.user), "rows": rows, "roles": Role})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    """Show and change the own name and language; show where the person is signed in."""
    user = request.user
    form = ProfileForm(request.POST or None, initial={"name": user.name, "language": user.language})
    if form.is_valid():
        services.update_profile(user, name=form.cleaned_data["name"], language=form.cleaned_data["language"])
        with override(user.language):
            messages.success(request, _("Your profile was saved."))
        return redirect("profile")
    sign_ins = sessions.sign_ins(user, request.session.session_key)
    return render(
        request, "members/account/profile.html", {**_around(user), "nav": "", "form": form, "sign_ins": sign_ins}
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
