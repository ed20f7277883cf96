"""The home page of a workspace: an overview for who runs it, and the products that the reader can open."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing_seats.entitlement.explain import explain_all
from billing_seats.plans import Feature, has_feature
from members.access import Action, actor_for
from members.requests import SignedInRequest
from workspace_admin.people.overview import overview


@login_required
@require_safe
def home(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what the reader may see of the workspace, their products, and why they can't open the others."""
    actor = actor_for(request.user, slug)
    explained = explain_all(actor.workspace, id=actor.membership.pk if actor.membership else None)
    context = {
        "actor": actor,
        "workspace": actor.workspace,
        "nav": "home",
        "products": [one for one in explained if one.entitled],
        "others": [one for one in explained if not one.entitled and (one.has_seat or not one.count.product.retired)],
        "overview": overview(actor) if actor.may(Action.VIEW_MEMBERS) else None,
        "may_invite": actor.may(Action.INVITE),
        "may_give": actor.may(Action.GIVE_SEAT),
        "has_seats": has_feature(actor.workspace, Feature.INVITATIONS),
    }
    return render(request, "workspace_admin/home/home.html", context)
