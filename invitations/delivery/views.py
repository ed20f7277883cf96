"""The page of an invitation's story: whole, in a dialog, or as the part that a member's drawer shows."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from invitations import services
from invitations.delivery.timeline import story
from invitations.delivery.undeliverable import release_address
from members.access import Action, Actor, actor_for, require
from members.errors import NotFound
from members.requests import SignedInRequest


@login_required
@require_safe
def deliveries(request: SignedInRequest, slug: str, invitation: UUID) -> HttpResponse:
    """Show what became of the invitation and its emails."""
    return _shown(request, actor_for(request.user, slug), invitation)


@login_required
@require_POST
def release(request: SignedInRequest, slug: str, invitation: UUID) -> HttpResponse:
    """Let mail go again to the invitation's address, which was held back."""
    actor = actor_for(request.user, slug)
    found = actor.workspace.invitations.filter(id=invitation).first()
    if found is None:
        require(actor, Action.INVITE)
        raise NotFound
    release_address(actor, found.email)
    return _done(request, actor, invitation, _("Mail can be sent to this address again."))


@login_required
@require_POST
def retry(request: SignedInRequest, slug: str, invitation: UUID, delivery: UUID) -> HttpResponse:
    """Try again to send an email that failed."""
    actor = actor_for(request.user, slug)
    services.retry_delivery(actor, delivery)
    return _done(request, actor, invitation, _("The email is on its way again, with the same link."))


def _done(request: SignedInRequest, actor: Actor, invitation: UUID, told: str) -> HttpResponse:
    messages.success(request, told)
    if getattr(request, "htmx", False):
        return _shown(request, actor, invitation)
    return redirect("invitation-deliveries", actor.workspace.slug, invitation)


def _shown(request: SignedInRequest, actor: Actor, invitation: UUID) -> HttpResponse:
    context = {
        "actor": actor,
        "workspace": actor.workspace,
        "nav": "members",
        "story": story(actor, invitation),
        "may_act": actor.may(Action.INVITE),
    }
    htmx = getattr(request, "htmx", None)
    part = ("#sheet" if "dialog" in (htmx.target or "") else "#story") if htmx else ""
    return render(request, f"invitations/delivery/timeline.html{part}", context)
