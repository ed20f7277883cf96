"""Addresses that mail does not reach: correct one, try again, or send anyway."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import retarget

from invitations.delivery.undeliverable import fix_address, release_address, retry_delivery
from invitations.models import Invitation, InvitationStatus
from members.access import Action, Actor, actor_for, require
from members.addresses import MAX_LENGTH
from members.errors import DomainError, InvitationNotPending, NotFound
from members.requests import SignedInRequest
from workspace_admin.people.actions import act
from workspace_admin.people.list import refreshed


class AddressForm(forms.Form):
    """The correct address; the service checks it."""

    email = forms.CharField(
        label=gettext_lazy("Correct address"),
        max_length=MAX_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false", "autofocus": True}),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: SignedInRequest, slug: str, invitation: UUID) -> HttpResponse:
    """Ask for the correct address of a pending invitation; then revoke it and invite that one, in one step."""
    actor = actor_for(request.user, slug)
    require(actor, Action.INVITE)
    offer = _pending(actor, invitation)
    form = AddressForm(request.POST if request.method == "POST" else None, initial={"email": offer.email})
    if not form.is_valid():
        return _sheet(request, actor, offer, form, status=400 if form.errors else 200)
    try:
        new = fix_address(actor, invitation, form.cleaned_data["email"])
    except DomainError as error:
        form.add_error("email", str(error.message))
        return _sheet(request, actor, offer, form, status=error.status, wait=error.extra.get("retry_after", 0))
    messages.success(
        request, _("New invitation sent to %(email)s. The old link no longer works.") % {"email": new.email}
    )
    return retarget(refreshed(request, slug, fresh=(new.email,)), "#people")


def _pending(actor: Actor, invitation: UUID) -> Invitation:
    offer = actor.workspace.invitations.filter(id=invitation).first()
    if offer is None:
        raise NotFound
    if offer.status != InvitationStatus.PENDING:
        raise InvitationNotPending
    return offer


def _sheet(  # noqa: PLR0913 -- one answer, many faces
    request: SignedInRequest, actor: Actor, offer: Invitation, form: AddressForm, *, status: int, wait: int = 0
) -> HttpResponse:
    context = {
        "actor": actor,
        "workspace": actor.workspace,
        "nav": "members",
        "invitation": offer,
        "form": form,
        "wait": wait,
    }
    template = "workspace_admin/people/address.html#sheet" if request.htmx else "workspace_admin/people/address.html"
    return render(request, template, context, status=status)


@login_required
@require_POST
def retry(request: SignedInRequest, slug: str, invitation: UUID) -> HttpResponse:
    """Try again to send the invitation's email, which failed, with the same link."""

    def change(actor: Actor) -> None:
        retry_delivery(actor, invitation)

    actor = actor_for(request.user, slug)
    of = actor.workspace.invitations.filter(id=invitation).values_list("membership_id", flat=True).first()
    return act(request, slug, change, _("Sending the email again, with the same link."), of)


@login_required
@require_POST
def release(request: SignedInRequest, slug: str) -> HttpResponse:
    """Lift the suppression of an address; htmx asks beside the refusal in the invite dialog."""
    actor = actor_for(request.user, slug)
    release_address(actor, request.POST.get("address", ""))
    message = _("Emails can be sent to this address again. Select “Invite member” to send.")
    if request.htmx:
        return render(request, "workspace_admin/people/resent.html", {"answer": message, "sent": True})
    messages.success(request, message)
    return refreshed(request, slug)
