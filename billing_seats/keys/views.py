"""The pages of a workspace's API keys: the list, making one, revoking and taking over."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing_seats.keys import services
from billing_seats.keys.api import NEWEST_FIRST
from billing_seats.keys.credentials import WORKSPACE_KEY, shortened
from billing_seats.keys.forms import NewKeyForm
from billing_seats.plans import Feature, has_feature, require_feature
from members.access import Action, Actor, actor_for, require
from members.dates import ago
from members.errors import DomainError, NotFound
from members.models import ApiKey
from members.requests import SignedInRequest
from members.rest.pagination import page

LIMIT = 50
TONES = {"working": "ok", "expired": "warn", "stopped": "bad"}


def _actor(request: SignedInRequest, slug: str) -> Actor:
    actor = actor_for(request.user, slug)
    require(actor, Action.MANAGE_API_KEYS)
    return actor


def _around(actor: Actor) -> dict[str, Any]:
    return {"actor": actor, "workspace": actor.workspace, "nav": "api-keys"}


def _listing(request: SignedInRequest, actor: Actor) -> dict[str, Any]:
    """Answer what the list needs: one page of it, newest first."""
    cursor = request.GET.get("cursor", "") if request.method in {"GET", "HEAD"} else ""
    found = page(services.listed(actor), NEWEST_FIRST, limit=LIMIT, cursor=cursor)
    return {
        **_around(actor),
        "rows": [_row(key, actor) for key in found.rows],
        "next": found.next_cursor,
        "previous": found.prev_cursor,
        "plan_has_api": has_feature(actor.workspace, Feature.API),
        "plan_label": actor.workspace.subscription.get_plan_display(),
    }


def _row(key: ApiKey, actor: Actor) -> dict[str, Any]:
    return {
        "key": key,
        "shortened": shortened(WORKSPACE_KEY, key.id),
        "tone": TONES[key.standing],
        "last_used": ago(key.last_used_at) if key.last_used_at else "",
        "is_mine": key.created_by_id == actor.id,
    }


@login_required
@require_safe
def listing(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the keys that were not revoked."""
    return render(request, "billing_seats/keys/keys.html", _listing(request, _actor(request, slug)))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask for a key's name, scope and end; make it and show it, this once."""
    actor = _actor(request, slug)
    require_feature(actor.workspace, Feature.API)
    form = NewKeyForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _sheet(
            request, "billing_seats/keys/new.html", {**_around(actor), "form": form}, 400 if form.errors else 200
        )
    key, text = services.create_key(actor, **form.cleaned_data)
    context = _listing(request, actor) | {"key": key, "text": text, "base_url": settings.BASE_URL}
    return _sheet(request, "billing_seats/keys/made.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revocation(request: SignedInRequest, slug: str, key: UUID) -> HttpResponse:
    """Ask whether to revoke a key, naming what stops; then do so."""
    actor = _actor(request, slug)
    if request.method == "POST":
        revoked = services.revoke_key(actor, key)
        messages.success(request, _("The key “%(name)s” was revoked. It opens nothing now.") % {"name": revoked.name})
        return _done(request, actor)
    found = services.listed(actor).filter(id=key).first()
    if found is None:
        raise NotFound
    return _sheet(request, "billing_seats/keys/revoke.html", {**_around(actor), **_row(found, actor)})


@login_required
@require_POST
def takeover(request: SignedInRequest, slug: str, key: UUID) -> HttpResponse:
    """Let the person answer for the key."""
    actor = _actor(request, slug)
    try:
        taken = services.take_over_key(actor, key)
    except DomainError as error:
        if not request.htmx:
            raise
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("You answer for the key “%(name)s” now.") % {"name": taken.name})
    return _done(request, actor)


def _sheet(request: SignedInRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Answer a dialog's content to htmx, else a page of its own."""
    return render(request, f"{template}#answer" if request.htmx else template, context, status=status)


def _done(request: SignedInRequest, actor: Actor) -> HttpResponse:
    """Answer the list as it is now, with the dialog closed."""
    if not request.htmx:
        return redirect("api-keys-page", actor.workspace.slug)
    return render(request, "billing_seats/keys/answer.html", _listing(request, actor))
