"""The join pages: what an invitee sees after opening the emailed link."""

from http import HTTPStatus

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from invitations import offers
from invitations.join import link_openings, services
from invitations.join.forms import NewPersonForm, OfferForm, SentTwiceForm
from invitations.join.link_session import (
    forget_offer,
    neutral,
    no_offer,
    private,
    remember_offer,
    resume,
    session_offer,
    with_offer,
)
from invitations.models import Invitation
from invitations.offers import Offer
from members.errors import DomainError
from members.models import User


@private
@require_safe
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Replace the token by id and generation in the session; record the opening and nothing else."""
    response = _opened(request, token)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _opened(request: HttpRequest, token: str) -> HttpResponse:
    if offer := offers.offer_for(token):
        remember_offer(request, offer)
        link_openings.note(offer.invitation, request.method or "", request.headers.get("User-Agent", ""))
        return redirect("join")
    user = request.user
    workspace = offers.accepted_by(token, user) if isinstance(user, User) else None
    return redirect("home", workspace.slug) if workspace else neutral(request)


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Show the offer with what its reader can do about it, or accept it."""
    response: HttpResponse = _join(request)
    if request.method == "POST" and response.status_code == HTTPStatus.NOT_FOUND:
        return _sent_twice(request) or response
    return response


@with_offer
def _join(request: HttpRequest, offer: Offer) -> HttpResponse:
    state = state_of(request, offer)
    form = _form(request, offer, state)
    if request.method != "POST":
        link_openings.followed(offer.invitation, request.headers.get("User-Agent", ""))
        return page(request, offer, form=form)
    if not form.repeats():
        return _shown_anew(request, offer)
    if state not in {"new", "ready"} or not form.is_valid():
        return page(request, offer, form=form, status=200 if form.errors else 409)
    try:
        _accept(request, offer, form)
    except DomainError as error:
        return _refused(request, error)
    return redirect("home", offer.workspace.slug)


def _sent_twice(request: HttpRequest) -> HttpResponse | None:
    """Let in the person whose form arrives again: a double click without script, or a repeat by the network.

    Its cookie, from before joining, opens nothing any more, but shows whose form it is; so do the name and password of
    a new person, which came with it.
    """
    form = SentTwiceForm(request.POST)
    invitation = offers.accepted_just_now(form.cleaned_data["invitation"]) if form.is_valid() else None
    if invitation is None:
        return None
    if not (resume(request, invitation) or _sign_in(request, invitation, form.cleaned_data["password"])):
        return None
    return redirect("home", invitation.workspace.slug)


def _sign_in(request: HttpRequest, invitation: Invitation, password: str) -> bool:
    """Sign in the person who accepted the invitation if this is their password; return whether it is."""
    try:
        user = get_adapter().authenticate(request, email=invitation.email, password=password) if password else None
    except ValidationError:  # too many attempts
        return False
    if user is None or user.pk != invitation.accepted_by:
        return False
    get_adapter().login(request, user)
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@with_offer
def decline(request: HttpRequest, offer: Offer) -> HttpResponse:
    """Ask for confirmation, then decline."""
    form = OfferForm(request.POST if request.method == "POST" else None, offer=offer)
    if request.method != "POST":
        return render(request, "invitations/join/decline.html", {"offer": offer, "form": form})
    if not form.repeats():
        return _shown_anew(request, offer)
    try:
        services.decline(offer)
    except DomainError as error:
        return _refused(request, error)
    forget_offer(request)
    return render(request, "invitations/join/declined.html", {"offer": offer})


@require_POST
@with_offer
def new_link(request: HttpRequest, offer: Offer) -> HttpResponse:
    """Notify the Admins that the holder of an expired link wants a new one, once per sending."""
    if not OfferForm(request.POST, offer=offer).repeats():
        return _shown_anew(request, offer)
    try:
        services.ask_for_new_link(offer)
    except DomainError as error:
        return _refused(request, error)
    return redirect("join")


@require_POST
@with_offer
def switch(request: HttpRequest, offer: Offer) -> HttpResponse:
    """Sign out and keep the offer, for someone signed in under another address."""
    logout(request)
    remember_offer(request, offer)
    messages.info(request, _("You're signed out. We've kept your invitation."))
    return redirect("join")


def state_of(request: HttpRequest, offer: Offer) -> str:
    """Return the join page's state for its reader; each has a template of that name."""
    user = request.user if isinstance(request.user, User) else None
    other = user if user is not None and user.email != offer.email else None
    states = (
        # Only someone with another address can be in the workspace: the invited one has no other row.
        ("member", other is not None and other.memberships.active().filter(workspace_id=offer.workspace.pk).exists()),
        ("expired", offer.expired),
        ("suspended", offer.suspended),
        ("plan", offer.plan_missing),
        ("other", other is not None),
        ("new", not offer.account_exists),
        ("ready", user is not None),
    )
    return next((name for name, holds in states if holds), "sign_in")


def page(
    request: HttpRequest, offer: Offer, *, form: OfferForm | None = None, problem: object = "", status: int = 200
) -> HttpResponse:
    """Render the join page in its reader's state, with any error."""
    state = state_of(request, offer)
    context = {
        "offer": offer,
        "form": form or _form(request, offer, state, fresh=True),
        "state": f"invitations/join/states/{state}.html",
        "problem": problem,
    }
    return render(request, "invitations/join/join.html", context, status=status)


def _form(request: HttpRequest, offer: Offer, state: str, *, fresh: bool = False) -> OfferForm:
    kind = NewPersonForm if state == "new" else OfferForm
    return kind(request.POST if request.method == "POST" and not fresh else None, offer=offer)


def _accept(request: HttpRequest, offer: Offer, form: OfferForm) -> None:
    """Accept as the signed-in or as a new person; either way the session's id changes."""
    if isinstance(request.user, User) and not isinstance(form, NewPersonForm):
        services.accept(offer, request.user)
        request.session.cycle_key()
    else:
        user = services.accept_as_new_person(
            offer,
            name=form.cleaned_data["name"],
            password=form.cleaned_data["password"],
            language=translation.get_language() or settings.LANGUAGE_CODE,
        )
        get_adapter().login(request, user)
    forget_offer(request, joined=offer)
    messages.success(request, _("Welcome to %(workspace)s.") % {"workspace": offer.workspace.name})


def _shown_anew(request: HttpRequest, offer: Offer) -> HttpResponse:
    problem = _("The page you used showed another invitation, or an older one. This is the one you opened last.")
    return page(request, offer, problem=problem, status=409)


def _refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Read the offer again after a refusal, and show its new state or the error."""
    offer = session_offer(request)
    if offer is None:
        return no_offer(request)
    return page(request, offer, problem=error.message, status=error.status)
