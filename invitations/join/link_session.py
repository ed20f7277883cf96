"""Who opens a link and which offer their session holds."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.cache import never_cache

from invitations import offers
from invitations.offers import Offer
from members.models import User

type OfferView = Callable[[HttpRequest, Offer], HttpResponse]
type Page = Callable[..., HttpResponse]

HELD = "join"
"""The session's key: id and generation of the invitation whose link was opened here."""


def private(view: Page) -> Page:
    """Keep a page out of caches and search engines."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["X-Robots-Tag"] = "noindex"
        return response

    return never_cache(answer)


def with_offer(view: OfferView) -> Page:
    """Hand the view the offer that the session holds, in its reader's language; without one show the neutral page."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        offer = held_offer(request)
        if offer is None:
            return gone(request)
        with translation.override(_language(request, offer)):
            response = view(request, offer)
            response["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
        return response

    return private(answer)


def hold(request: HttpRequest, offer: Offer) -> None:
    """Keep in the session which sending of which invitation was opened; never its token."""
    request.session[HELD] = {"invitation": str(offer.invitation.pk), "generation": offer.generation}


def held_offer(request: HttpRequest) -> Offer | None:
    """Answer the offer that the session holds, as it stands now."""
    held = request.session.get(HELD)
    return offers.offer_from_session(uuid.UUID(held["invitation"]), held["generation"]) if held else None


def gone(request: HttpRequest) -> HttpResponse:
    """Answer for a held offer that has ended: its workspace to whoever accepted it (a double click, say)."""
    held = request.session.get(HELD)
    return (home_of(request, held["invitation"]) if held else None) or neutral(request)


def neutral(request: HttpRequest) -> HttpResponse:
    """Answer the one page of all links that lead nowhere; it tells nothing apart."""
    return render(request, "invitations/join/unavailable.html", status=404)


def home_of(request: HttpRequest, invitation_id: Any) -> HttpResponse | None:
    """Answer the way to the workspace where the invitation was accepted, for who accepted it and is signed in."""
    user = request.user
    if not isinstance(user, User):
        return None
    accepted = {"workspace__invitations__id": invitation_id, "workspace__invitations__accepted_by": user.pk}
    member = user.memberships.active().filter(**accepted).select_related("workspace").first()
    return redirect("home", member.workspace.slug) if member else None


def _language(request: HttpRequest, offer: Offer) -> str:
    """Answer the reader's own language when signed in, else the one the invitation was written in."""
    wanted = request.user.language if isinstance(request.user, User) else offer.invitation.language
    return wanted if wanted in dict(settings.LANGUAGES) else translation.get_language() or settings.LANGUAGE_CODE
