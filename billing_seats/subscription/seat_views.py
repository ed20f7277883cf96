"""Changing how many seats of a product are bought: a number, a preview of what it means, and then the change."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from billing_seats.budgets import SeatCount
from billing_seats.forms import ConfirmedSeatsForm, SeatsForm
from billing_seats.plans import Feature, has_feature
from billing_seats.subscription.previews import count_of_product, preview_seats
from billing_seats.subscription.services import resize
from billing_seats.subscription.views import buyer, refreshed, sheet
from members.access import Action, Actor
from members.errors import DomainError, NotFound, PreconditionFailed
from members.requests import SignedInRequest

TEMPLATE = "billing_seats/subscription/seats.html"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def seats(request: SignedInRequest, slug: str, product: str) -> HttpResponse:
    """Ask for a number, show what it means, and change it once that is confirmed."""
    actor = buyer(request, slug)
    count = count_of_product(actor.workspace, product)
    if request.method == "POST":
        return _confirm(request, actor, count)
    form = SeatsForm(request.GET if "purchased" in request.GET else None, count=count)
    return _preview(request, actor, form) if form.is_valid() else _ask(request, actor, form)


def _ask(request: SignedInRequest, actor: Actor, form: SeatsForm) -> HttpResponse:
    return sheet(request, actor, TEMPLATE, 400 if form.is_bound else 200, form=form, count=form.count)


def _preview(
    request: SignedInRequest, actor: Actor, form: SeatsForm, problem: DomainError | None = None, **context: Any
) -> HttpResponse:
    return sheet(
        request,
        actor,
        TEMPLATE,
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


def _confirm(request: SignedInRequest, actor: Actor, count: SeatCount) -> HttpResponse:
    form = ConfirmedSeatsForm(request.POST, count=count)
    if not form.is_valid():
        # A number without a preview that was shown is previewed first.
        return _preview(request, actor, form) if "purchased" in form.cleaned_data else _ask(request, actor, form)
    purchased, take_from = form.cleaned_data["purchased"], form.cleaned_data["take_from"]
    try:
        resize(actor, count.product.slug, purchased, take_from=take_from, shown=form.shown)
    except (PreconditionFailed, NotFound) as error:
        return _look_again(request, actor, count, error)
    messages.success(request, _told(count, purchased))
    return refreshed(request, actor)


def _look_again(request: SignedInRequest, actor: Actor, count: SeatCount, error: DomainError) -> HttpResponse:
    """Show the preview of the state as it has become, with the same boxes ticked."""
    form = ConfirmedSeatsForm(request.POST, count=count_of_product(actor.workspace, count.product.slug))
    if "purchased" in form.errors:
        return _ask(request, actor, form)
    problem = error if isinstance(error, PreconditionFailed) else PreconditionFailed()
    return _preview(request, actor, form, problem, ticked=form.cleaned_data["take_from"])


def _told(count: SeatCount, purchased: int) -> str:
    message = ngettext(
        "%(purchased)s seat of %(product)s is bought now.",
        "%(purchased)s seats of %(product)s are bought now.",
        purchased,
    )
    return message % {"purchased": purchased, "product": count.product.name}
