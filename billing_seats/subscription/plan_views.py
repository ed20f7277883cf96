"""Changing the plan: which one, a preview of what is lost and gained, and then the change."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing_seats.forms import PlanForm
from billing_seats.plans import FEATURE_LABELS, FEATURES, Feature, Plan
from billing_seats.subscription.previews import preview_plan
from billing_seats.subscription.services import change_plan
from billing_seats.subscription.views import buyer, refreshed, sheet
from members.access import Actor
from members.requests import SignedInRequest

TEMPLATE = "billing_seats/subscription/plan.html"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask for a plan, show what it means, and change it once that is confirmed."""
    actor = buyer(request, slug)
    asked = request.POST if request.method == "POST" else request.GET
    form = PlanForm(
        asked if request.method == "POST" or "plan" in asked else None, current=actor.workspace.subscription.plan
    )
    if not form.is_valid():
        return _ask(request, actor, form)
    wanted = Plan(form.cleaned_data["plan"])
    if request.method != "POST":
        return sheet(request, actor, TEMPLATE, preview=preview_plan(actor.workspace, wanted))
    change_plan(actor, wanted)
    messages.success(request, _("The workspace is on the %(plan)s plan now.") % {"plan": wanted.label})
    return refreshed(request, actor)


def _ask(request: SignedInRequest, actor: Actor, form: PlanForm) -> HttpResponse:
    included = {one: [FEATURE_LABELS[feature] for feature in Feature if feature in FEATURES[one]] for one in Plan}
    plans = [(one, included[one], one == form.current, one == form["plan"].value()) for one in Plan]
    return sheet(request, actor, TEMPLATE, 400 if form.is_bound else 200, form=form, plans=plans)
