"""Pages about workspaces: creating one, its home with the products one may open, leaving it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing_seats import services
from billing_seats.entitlement import explain
from billing_seats.forms import WorkspaceForm
from billing_seats.lifecycle import services as lifecycle
from billing_seats.lifecycle.rules import is_last_admin
from billing_seats.plans import Feature, has_feature
from members.access import Action, actor_for
from members.errors import InvalidRequest, LastAdmin
from members.requests import SignedInRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create_workspace(request: SignedInRequest) -> HttpResponse:
    """Open a workspace on the Free plan, with whoever asks as its Admin."""
    form = WorkspaceForm(request.POST or None)
    if form.is_valid():
        try:
            workspace = services.open_workspace(request.user, **form.cleaned_data)
        except InvalidRequest as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            messages.success(request, _("%(workspace)s is open.") % {"workspace": workspace.name})
            return redirect("home", workspace.slug)
    return render(request, "billing_seats/workspace_form.html", {"form": form})


@login_required
@require_safe
def home(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the products one may open, and why one may not open the others."""
    actor = actor_for(request.user, slug)
    explained = explain.explain_all(actor.workspace, id=actor.membership.pk if actor.membership else None)
    context = {
        "actor": actor,
        "workspace": actor.workspace,
        "nav": "home",
        "products": [one for one in explained if one.entitled],
        "others": [one for one in explained if not one.entitled and (one.held or not one.count.product.retired)],
        "may_give": actor.may(Action.GIVE_SEAT),
        "has_seats": has_feature(actor.workspace, Feature.INVITATIONS),
    }
    return render(request, "workspace_admin/home/home.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask whether to leave the workspace, then do so."""
    actor = actor_for(request.user, slug)
    context: dict[str, object] = {"actor": actor, "workspace": actor.workspace, "nav": ""}
    if request.method != "POST":
        alone = actor.membership is not None and is_last_admin(actor.workspace, actor.membership)
        return render(request, "billing_seats/leave.html", {**context, "error": LastAdmin() if alone else None})
    try:
        lifecycle.leave(actor)
    except LastAdmin as error:
        return render(request, "billing_seats/leave.html", {**context, "error": error}, status=error.status)
    messages.success(request, _("You left %(workspace)s.") % {"workspace": actor.workspace.name})
    return redirect("root")
