"""The timeline of an invitation's emails: as a page, in a dialog, or inside a member's drawer."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from invitations.delivery.timeline import timeline_of
from invitations.delivery.undeliverable import release_for, retry_delivery
from members.access import Action, Actor, actor_for
from members.requests import SignedInRequest


@login_required
@require_safe
def deliveries(request: SignedInRequest, slug: str, invitation: UUID) -> HttpResponse:
    """Show what became of the invitation and its emails."""
    return _shown(request, actor_for(request.user, slug), invitation)


@login_required
@require_POST
def release(request: SignedInRequest, slug: str, invitation: UUID) -> HttpResponse:
    """Stop suppressing the invitation's address."""
    actor = actor_for(request.user, slug)
    release_for(actor, invitation)
    return _done(request, actor, invitation, _("Emails can be sent to this address again."))


@login_required
@require_POST
def retry(request: SignedInRequest, slug: str, invitation: UUID) -> HttpResponse:
    """Send the invitation's failed email again."""
    actor = actor_for(request.user, slug)
    retry_delivery(actor, invitation)
    return _done(request, actor, invitation, _("We're sending the email again, with the same link."))


def _done(request: SignedInRequest, actor: Actor, invitation: UUID, message: str) -> HttpResponse:
    messages.success(request, message)
    if getattr(request, "htmx", False):
        return _shown(request, actor, invitation)
    return redirect("invitation-deliveries", actor.workspace.slug, invitation)


def _shown(request: SignedInRequest, actor: Actor, invitation: UUID) -> HttpResponse:
    context = {
        "actor": actor,
        "workspace": actor.workspace,
        "nav": "members",
        "timeline": timeline_of(actor, invitation),
        "may_act": actor.may(Action.INVITE),
    }
    htmx = getattr(request, "htmx", None)
    part = ("#sheet" if "dialog" in (htmx.target or "") else "#timeline") if htmx else ""
    return render(request, f"invitations/delivery/timeline.html{part}", context)
