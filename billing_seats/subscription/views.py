"""The Subscription page, and the dialogs that change plan and seats: new value, preview, confirmation."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import retarget

from billing_seats.budgets import SeatCount, seat_counts
from billing_seats.models import Product, Subscription
from billing_seats.plans import FEATURE_LABELS, FEATURES, Feature, Plan, has_feature
from billing_seats.subscription import queries, seat_history
from billing_seats.subscription.chart import draw
from billing_seats.subscription.forms import ConfirmedSeatsForm, PlanForm, SeatsForm
from billing_seats.subscription.previews import count_of_product, preview_plan, preview_seats
from billing_seats.subscription.services import change_plan, require_self_service, resize
from members.access import Action, Actor, actor_for, require
from members.errors import DomainError, NotFound, PreconditionFailed
from members.requests import SignedInRequest

PLAN, SEATS = "billing_seats/subscription/plan.html", "billing_seats/subscription/seats.html"


@login_required
@require_safe
def subscription(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what the workspace has bought and how it is used, or why the reader can't see it."""
    actor = actor_for(request.user, slug)
    if not actor.may(Action.VIEW_SUBSCRIPTION):
        context = {"actor": actor, "workspace": actor.workspace, "nav": "subscription"}
        return render(request, "billing_seats/subscription/subscription_refused.html", context, status=403)
    return render(request, "billing_seats/subscription/subscription.html", _page_context(request, actor))


def _page_context(request: SignedInRequest, actor: Actor) -> dict[str, Any]:
    """Return the context of the page, in five statements whatever the size of the workspace."""
    workspace = actor.workspace
    subscriptions = _subscriptions(request)
    here = next((one for one in subscriptions if one.workspace_id == workspace.id), None)
    if here is None:
        raise NotFound
    counts = seat_counts(workspace)
    products = queries.catalogue(workspace)
    used = [count for count in counts if count.purchased or count.taken]
    days = seat_history.last_days(workspace, used, timezone.now().date())
    included = FEATURES[here.plan]
    return {
        "actor": actor,
        "workspace": workspace,
        "nav": "subscription",
        "my_workspaces": [one.workspace for one in subscriptions],
        "plan_label": here.get_plan_display(),
        "subscription": here,
        "features": [(label, feature in included) for feature, label in FEATURE_LABELS.items()],
        "plan_has_seats": Feature.INVITATIONS in included,
        "entries": [
            (one, draw(one.count.product.name, days[one.count.product.id])) for one in queries.entries(used, products)
        ],
        "offered": _not_bought(products, used),
        "changes": queries.recent_changes(workspace, products),
        "may_change": actor.may(Action.CHANGE_SUBSCRIPTION) and settings.SELF_SERVICE_SEATS,
    }


def _subscriptions(request: SignedInRequest) -> list[Subscription]:
    """Return the subscriptions of the reader's workspaces, for the switcher."""
    mine = request.user.memberships.active().values("workspace_id")
    rows = Subscription.objects.filter(workspace__in=mine).select_related("workspace")
    return list(rows.order_by("workspace__name", "workspace_id"))


def _not_bought(products: Sequence[Product], used: Sequence[SeatCount]) -> list[Product]:
    known = {count.product.id for count in used}
    return [product for product in products if product.id not in known and not product.retired]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask for a plan, preview it, and change it once confirmed."""
    actor = _buyer(request, slug)
    data = request.POST if request.method == "POST" else request.GET
    form = PlanForm(
        data if request.method == "POST" or "plan" in data else None, current=actor.workspace.subscription.plan
    )
    if not form.is_valid():
        return _ask_for_plan(request, actor, form)
    wanted = Plan(form.cleaned_data["plan"])
    if request.method != "POST":
        return _dialog(request, actor, PLAN, preview=preview_plan(actor.workspace, wanted))
    change_plan(actor, wanted)
    messages.success(request, _("The workspace is now on the %(plan)s plan.") % {"plan": wanted.label})
    return _updated(request, actor)


def _ask_for_plan(request: SignedInRequest, actor: Actor, form: PlanForm) -> HttpResponse:
    included = {one: [label for feature, label in FEATURE_LABELS.items() if feature in FEATURES[one]] for one in Plan}
    plans = [(one, included[one], one == form.current, one == form["plan"].value()) for one in Plan]
    return _dialog(request, actor, PLAN, 400 if form.is_bound else 200, form=form, plans=plans)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def seats(request: SignedInRequest, slug: str, product: str) -> HttpResponse:
    """Ask for a number of seats, preview it, and change it once confirmed."""
    actor = _buyer(request, slug)
    count = count_of_product(actor.workspace, product)
    if request.method == "POST":
        return _confirm_seats(request, actor, count)
    form = SeatsForm(request.GET if "purchased" in request.GET else None, count=count)
    return _preview_seats(request, actor, form) if form.is_valid() else _ask_for_seats(request, actor, form)


def _ask_for_seats(request: SignedInRequest, actor: Actor, form: SeatsForm) -> HttpResponse:
    return _dialog(request, actor, SEATS, 400 if form.is_bound else 200, form=form, count=form.count)


def _preview_seats(
    request: SignedInRequest, actor: Actor, form: SeatsForm, problem: DomainError | None = None, **context: Any
) -> HttpResponse:
    return _dialog(
        request,
        actor,
        SEATS,
        problem.status if problem else 200,
        form=form,
        count=form.count,
        preview=preview_seats(actor.workspace, form.count, form.cleaned_data["purchased"]),
        problem=problem,
        may_take=actor.may(Action.TAKE_SEAT),
        plan_has_seats=has_feature(actor.workspace, Feature.INVITATIONS),
        plan_label=actor.workspace.subscription.get_plan_display(),
        **context,
    )


def _confirm_seats(request: SignedInRequest, actor: Actor, count: SeatCount) -> HttpResponse:
    form = ConfirmedSeatsForm(request.POST, count=count)
    if not form.is_valid():
        # A number sent without a preview is previewed first.
        unseen = "purchased" in form.cleaned_data
        return _preview_seats(request, actor, form) if unseen else _ask_for_seats(request, actor, form)
    purchased, take_from = form.cleaned_data["purchased"], form.cleaned_data["take_from"]
    try:
        resize(actor, count.product.slug, purchased, take_from=take_from, shown=form.shown)
    except (PreconditionFailed, NotFound) as error:
        return _preview_again(request, actor, count, error)
    message = ngettext("%(product)s now has %(purchased)s seat.", "%(product)s now has %(purchased)s seats.", purchased)
    messages.success(request, message % {"purchased": purchased, "product": count.product.name})
    return _updated(request, actor)


def _preview_again(request: SignedInRequest, actor: Actor, count: SeatCount, error: DomainError) -> HttpResponse:
    """Preview the change from the new state, with the same boxes ticked."""
    form = ConfirmedSeatsForm(request.POST, count=count_of_product(actor.workspace, count.product.slug))
    if "purchased" in form.errors:
        return _ask_for_seats(request, actor, form)
    problem = error if isinstance(error, PreconditionFailed) else PreconditionFailed()
    return _preview_seats(request, actor, form, problem, ticked=form.cleaned_data["take_from"])


def _buyer(request: SignedInRequest, slug: str) -> Actor:
    """Return the signed-in person as an actor who may change plan and seats."""
    actor = actor_for(request.user, slug)
    require(actor, Action.CHANGE_SUBSCRIPTION)
    require_self_service(actor)
    return actor


def _dialog(request: SignedInRequest, actor: Actor, template: str, status: int = 200, **context: Any) -> HttpResponse:
    """Render one step of a change: a dialog's content for htmx, otherwise a page."""
    context |= {"actor": actor, "workspace": actor.workspace, "nav": "subscription"}
    return render(request, f"{template}#dialog" if request.htmx else template, context, status=status)


def _updated(request: SignedInRequest, actor: Actor) -> HttpResponse:
    """Render the changed page and close the dialog for htmx, otherwise redirect to the page."""
    if not request.htmx:
        return redirect("subscription", actor.workspace.slug)
    page = render(request, "billing_seats/subscription/page_update.html", _page_context(request, actor))
    return retarget(page, "#subscription")
