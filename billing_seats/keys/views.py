"""The pages of a workspace's API keys: list, create, revoke, take over."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from billing_seats.keys import services
from billing_seats.keys.api import NEWEST_FIRST
from billing_seats.keys.credentials import WORKSPACE_KEY, shortened
from billing_seats.plans import Feature, has_feature, require_feature
from members.access import Action, Actor, actor_for, require
from members.clock import ago
from members.errors import NotFound
from members.forms import NameField
from members.models import ApiKey, Scope
from members.requests import SignedInRequest
from members.rest.pagination import page

LIMIT = 50
TONES = {"working": "ok", "expired": "warn", "stopped": "bad"}
NEVER = "never"
DAYS = {"30": _("30 days"), "90": _("90 days"), "365": _("1 year")}


class NewKeyForm(forms.Form):
    """Name, scope and expiry of a key."""

    name = NameField(
        label=_("Name"),
        help_text=_("The program or script that will use it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    scope = forms.ChoiceField(
        label=_("Scope"),
        choices=[
            (Scope.READ, _("Read: see members, invitations, seats, audit log")),
            (Scope.WRITE, _("Read and write: everything an Admin can do, except create API keys")),
        ],
        initial=Scope.READ,
        widget=forms.RadioSelect,
    )
    days = forms.ChoiceField(
        label=_("Expires after"),
        choices=[*DAYS.items(), (NEVER, _("Never"))],
        initial="90",
        help_text=_("You can revoke it at any time."),
    )

    def clean(self) -> dict[str, Any]:
        """Return the values with ``expires_at`` in place of ``days``; None is never."""
        cleaned: dict[str, Any] = super().clean() or {}
        days = cleaned.pop("days", NEVER)
        expires_at: datetime | None = None if days == NEVER else timezone.now() + timedelta(days=int(days))
        return {**cleaned, "expires_at": expires_at}


def _actor(request: SignedInRequest, slug: str) -> Actor:
    actor = actor_for(request.user, slug)
    require(actor, Action.MANAGE_API_KEYS)
    return actor


def _shell(actor: Actor) -> dict[str, Any]:
    return {"actor": actor, "workspace": actor.workspace, "nav": "api-keys"}


def _list_context(request: SignedInRequest, actor: Actor) -> dict[str, Any]:
    """Return the context of the list: one page of it, newest first."""
    cursor = request.GET.get("cursor", "") if request.method in {"GET", "HEAD"} else ""
    found = page(services.listed(actor), NEWEST_FIRST, limit=LIMIT, cursor=cursor)
    return {
        **_shell(actor),
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
        "tone": TONES[key.status],
        "last_used": ago(key.last_used_at) if key.last_used_at else "",
        "is_mine": key.created_by_id == actor.id,
    }


@login_required
@require_safe
def listing(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the keys that are not revoked."""
    return render(request, "billing_seats/keys/keys.html", _list_context(request, _actor(request, slug)))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask for a key's name, scope and expiry; create it and show it once."""
    actor = _actor(request, slug)
    require_feature(actor.workspace, Feature.API)
    form = NewKeyForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {**_shell(actor), "form": form}
        return _dialog(request, "billing_seats/keys/new.html", context, 400 if form.errors else 200)
    return _show_once(request, actor, *services.create_key(actor, **form.cleaned_data))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revocation(request: SignedInRequest, slug: str, key: UUID) -> HttpResponse:
    """Ask whether to revoke a key, naming what stops; then revoke it."""
    actor = _actor(request, slug)
    if request.method != "POST":
        return _confirm(request, actor, key)
    revoked = services.revoke_key(actor, key)
    messages.success(request, gettext("API key “%(name)s” revoked.") % {"name": revoked.name})
    if not request.htmx:
        return redirect("api-keys-page", actor.workspace.slug)
    return render(request, "billing_seats/keys/list_update.html", _list_context(request, actor))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def takeover(request: SignedInRequest, slug: str, key: UUID) -> HttpResponse:
    """Ask whether to take over a key, naming what stops; then do it and show its new secret once."""
    actor = _actor(request, slug)
    if request.method != "POST":
        return _confirm(request, actor, key, takes_over=True)
    return _show_once(request, actor, *services.take_over_key(actor, key), taken_over=True)


def _confirm(request: SignedInRequest, actor: Actor, key_id: UUID, *, takes_over: bool = False) -> HttpResponse:
    key = services.listed(actor).filter(id=key_id).first()
    if key is None:
        raise NotFound
    context = {**_shell(actor), **_row(key, actor), "takes_over": takes_over}
    return _dialog(request, "billing_seats/keys/confirm.html", context)


def _show_once(
    request: SignedInRequest, actor: Actor, key: ApiKey, text: str, *, taken_over: bool = False
) -> HttpResponse:
    context = {"key": key, "text": text, "base_url": settings.BASE_URL, "taken_over": taken_over}
    return _dialog(request, "billing_seats/keys/secret.html", _list_context(request, actor) | context)


def _dialog(request: SignedInRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Render a dialog's content for htmx, otherwise a page of its own."""
    return render(request, f"{template}#dialog" if request.htmx else template, context, status=status)
