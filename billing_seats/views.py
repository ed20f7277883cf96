"""Pages about workspaces: creating one, leaving one."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from billing_seats import services
from billing_seats.lifecycle import services as lifecycle
from billing_seats.lifecycle.rules import is_last_admin
from members.access import actor_for
from members.errors import InvalidRequest, LastAdmin
from members.forms import NameField
from members.requests import SignedInRequest

SLUG_MIN, SLUG_MAX = 2, 32


class NewWorkspaceForm(forms.Form):
    """The name of a new workspace, and the slug used in its URLs for good."""

    name = NameField(widget=forms.TextInput(attrs={"autocomplete": "organization"}))
    slug = forms.SlugField(
        label=_("Slug"),
        min_length=SLUG_MIN,
        max_length=SLUG_MAX,
        help_text=_("2 to 32 lower-case letters, digits and hyphens. It is used in the URL and can’t be changed."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create_workspace(request: SignedInRequest) -> HttpResponse:
    """Ask for a name and a slug; create the workspace on the Free plan, with the person as its Admin."""
    form = NewWorkspaceForm(request.POST or None)
    if form.is_valid():
        try:
            workspace = services.open_workspace(request.user, **form.cleaned_data)
        except InvalidRequest as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            messages.success(request, gettext("Workspace created."))
            return redirect("home", workspace.slug)
    context = {"form": form, "has_workspace": request.user.memberships.active().exists()}
    return render(request, "billing_seats/workspace_form.html", context)


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
    messages.success(request, gettext("You left %(workspace)s.") % {"workspace": actor.workspace.name})
    return redirect("root")
