"""The session's offer, whose link was opened in it: id and generation only, never the token."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.cache import never_cache

from invitations import offers
from invitations.models import Invitation
from invitations.offers import Offer
from members.models import Session, User
from members.session_store import SessionStore

type OfferView = Callable[[HttpRequest, Offer], HttpResponse]
type View = Callable[..., HttpResponse]

OFFER_KEY = "join"
"""Where the session keeps id and generation of the invitation whose link was opened."""
JOINED_KEY = "joined"
"""Where it keeps the id of the invitation that was accepted last, for a form that is sent twice."""
BEFORE_KEY = "joined_by"
"""Where it keeps a digest of the key that it had until then, which a form that is sent twice may still come with."""
NEWEST = 10
"""Sessions of a person that are looked at for it."""


def private(view: View) -> View:
    """Keep a page out of caches and search engines."""

    @wraps(view)
    def respond(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["X-Robots-Tag"] = "noindex"
        return response

    return never_cache(respond)


def with_offer(view: OfferView) -> View:
    """Pass the session's offer to the view, in the reader's language; without one, show the neutral page."""

    @wraps(view)
    def respond(request: HttpRequest) -> HttpResponse:
        offer = session_offer(request)
        if offer is None:
            return no_offer(request)
        with translation.override(_language(request, offer)):
            response = view(request, offer)
            response["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
        return response

    return private(respond)


def remember_offer(request: HttpRequest, offer: Offer) -> None:
    """Save in the session which sending of which invitation was opened."""
    request.session[OFFER_KEY] = {"invitation": str(offer.invitation.pk), "generation": offer.generation}


def forget_offer(request: HttpRequest, joined: Offer | None = None) -> None:
    """Remove the session's offer; one that was ``joined`` still leads its session into the workspace."""
    request.session.pop(OFFER_KEY, None)
    if joined is not None:
        request.session[JOINED_KEY] = str(joined.invitation.pk)
        request.session[BEFORE_KEY] = _digest(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""))


def resume(request: HttpRequest, invitation: Invitation) -> bool:
    """Continue the session that accepted the invitation, given its previous key; return whether there is one.

    The response to the first form, with the session's new key, may have been lost.
    """
    before = _digest(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""))
    rows = Session.objects.filter(user=invitation.accepted_by, expire_date__gt=Now())
    for row in rows.order_by("-expire_date")[:NEWEST]:
        kept = row.get_decoded()
        mine = constant_time_compare(kept.get(BEFORE_KEY, ""), before)
        if mine and kept.get(JOINED_KEY) == str(invitation.pk):
            request.session = SessionStore(row.session_key)
            request.session.modified = True
            return True
    return False


def _digest(key: str) -> str:
    return str(salted_hmac("invitations.joined", key, algorithm="sha256").hexdigest())


def session_offer(request: HttpRequest) -> Offer | None:
    """Return the session's offer as it is now, or None if it has ended or was sent again."""
    kept = request.session.get(OFFER_KEY)
    return offers.offer_from_session(uuid.UUID(kept["invitation"]), kept["generation"]) if kept else None


def no_offer(request: HttpRequest) -> HttpResponse:
    """Redirect whoever accepted the session's offer to its workspace, or show the neutral page."""
    kept = request.session.get(OFFER_KEY)
    workspace = offers.joined_workspace(kept["invitation"] if kept else request.session.get(JOINED_KEY), request.user)
    return redirect("home", workspace.slug) if workspace else neutral(request)


def neutral(request: HttpRequest) -> HttpResponse:
    """Render the page of every link that no longer works; it doesn't say why."""
    return render(request, "invitations/join/unavailable.html", status=404)


def _language(request: HttpRequest, offer: Offer) -> str:
    """Return the signed-in reader's language, else the invitation's."""
    wanted = request.user.language if isinstance(request.user, User) else offer.invitation.language
    return wanted if wanted in dict(settings.LANGUAGES) else translation.get_language() or settings.LANGUAGE_CODE
