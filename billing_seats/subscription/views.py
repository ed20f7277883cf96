"""The Subscription page: the plan with what it includes, a ledger of seats per product, and who changed what."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import retarget

from billing_seats.budgets import seat_counts
from billing_seats.models import Subscription
from billing_seats.plans import FEATURE_LABELS, FEATURES, Feature
from billing_seats.subscription import queries, seat_history
from billing_seats.subscription.chart import draw
from billing_seats.subscription.services import require_self_service
from members.access import Action, Actor, actor_for, require
from members.requests import SignedInRequest


@login_required
@require_safe
def subscription(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what the workspace has bought and how it is used; say why to whom it is not shown."""
    actor = actor_for(request.user, slug)
    if not actor.may(Action.VIEW_SUBSCRIPTION):
        context = {"actor": actor, "workspace": actor.workspace, "nav": "subscription"}
        return render(request, "billing_seats/subscription/subscription_refused.html", context, status=403)
    return render(request, "billing_seats/subscription/subscription.html", context_of(request, actor))


def context_of(request: SignedInRequest, actor: Actor) -> dict[str, Any]:
    """Answer what the page shows: five statements, whatever the size of the workspace."""
    workspace = actor.workspace
    subscriptions = _subscriptions(request)
    here = next(one for one in subscriptions if one.workspace_id == workspace.id)
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
        "features": [(FEATURE_LABELS[feature], feature in included) for feature in Feature],
        "plan_has_seats": Feature.INVITATIONS in included,
        "entries": [
            (one, draw(one.count.product.name, days[one.count.product.id])) for one in queries.entries(used, products)
        ],
        "offered": _offered(products, used),
        "changes": queries.recent_changes(workspace, products),
        "may_change": actor.may(Action.CHANGE_SUBSCRIPTION) and settings.SELF_SERVICE_SEATS,
    }


def _subscriptions(request: SignedInRequest) -> list[Subscription]:
    """Answer the subscriptions of all workspaces in the switcher, by the name of the workspace."""
    mine = request.user.memberships.active().values("workspace_id")
    rows = Subscription.objects.filter(workspace__in=mine).select_related("workspace")
    return list(rows.order_by("workspace__name", "workspace_id"))


def _offered(products: list[Any], used: list[Any]) -> list[Any]:
    known = {count.product.id for count in used}
    return [product for product in products if product.id not in known and not product.retired]


def buyer(request: SignedInRequest, slug: str) -> Actor:
    """Answer the person as an actor who may change plan and seats themselves.

    Raises:
        NotFound, PermissionDenied
    """
    actor = actor_for(request.user, slug)
    require(actor, Action.CHANGE_SUBSCRIPTION)
    require_self_service(actor)
    return actor


def sheet(request: SignedInRequest, actor: Actor, template: str, status: int = 200, **context: Any) -> HttpResponse:
    """Answer one step of a change: the inside of the dialog to htmx, else a page of its own."""
    context |= {"actor": actor, "workspace": actor.workspace, "nav": "subscription"}
    return render(request, f"{template}#sheet" if request.htmx else template, context, status=status)


def refreshed(request: SignedInRequest, actor: Actor) -> HttpResponse:
    """Answer a change that was made: the page as it is now to htmx, its dialog emptied; else a redirect to it."""
    if not request.htmx:
        return redirect("subscription", actor.workspace.slug)
    return retarget(
        render(request, "billing_seats/subscription/answer.html", context_of(request, actor)), "#subscription"
    )
