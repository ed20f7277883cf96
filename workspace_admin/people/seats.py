"""Moving a seat from one member to another, asked from either side: to whom, or from whom."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing_seats.budgets import idle_first
from billing_seats.lifecycle import services
from billing_seats.models import Product, Seat
from billing_seats.plans import Feature, require_feature
from members.access import Action, Actor, actor_for, require
from members.clock import ago
from members.errors import DomainError, InvalidRequest, NotFound, PermissionDenied
from members.models import Membership, Status, Workspace
from members.requests import SignedInRequest
from workspace_admin.people import queries
from workspace_admin.people.list import dialog_done
from workspace_admin.people.rows import present

METHODS = ["GET", "HEAD", "POST"]
MOST = 50
"""People to choose from; a search finds the others."""


@dataclass(frozen=True)
class Choice:
    """Somebody who can be chosen, with what helps to choose."""

    id: str
    label: str
    email: str
    detail: str


@dataclass(frozen=True)
class Move:
    """A move that is asked about: of one person the seat's other end is chosen; ``giving`` says which end they are."""

    who: Membership
    giving: bool
    product: Product | None
    products: list[Product]

    def people(self, workspace: Workspace, words: str) -> list[Choice]:
        """Return up to fifty people for the other end of the move that match the search words."""
        if self.product is None:
            return []
        found = _without(workspace, self.product) if self.giving else idle_first(workspace, self.product)
        matching = workspace.memberships.matching(workspace, words).values("id")
        rows = found.exclude(id=self.who.id).filter(id__in=matching) if words else found.exclude(id=self.who.id)
        return [_choice(row) for row in rows[:MOST]]


def _without(workspace: Workspace, product: Product) -> QuerySet[Membership]:
    """Return members who could have a seat of the product and have none, by name."""
    held = Seat.objects.filter(workspace=workspace, product=product, membership=OuterRef("pk"))
    rows = workspace.memberships.live().exclude(status=Status.DEACTIVATED).filter(~Exists(held))
    return rows.order_by("sort_name", "id")


def _choice(row: Membership) -> Choice:
    if row.status == Status.INVITED:
        detail = _("Invited")
    elif row.last_active_at is None:
        detail = _("Never active")
    else:
        detail = _("Active %(ago)s") % {"ago": ago(row.last_active_at)}
    return Choice(str(row.id), str(row), row.email, detail)


@login_required
@require_safe
def seat_list(request: SignedInRequest, slug: str, member: UUID) -> HttpResponse:
    """Show one member's seats as switches, for htmx; without it, the member's page has them."""
    actor = actor_for(request.user, slug)
    require(actor, Action.VIEW_MEMBERS)
    if not request.htmx:
        return redirect("member", slug, member)
    columns = [one for one in queries.columns(actor.workspace) if one.is_shown]
    [row] = present([queries.find_member(actor.workspace, member)], columns, slug, None)
    cells = [{"cell": cell, "column": one} for cell, one in zip(row.cells, columns, strict=True) if cell.offered]
    context = {"actor": actor, "workspace": actor.workspace, "row": row, "cells": cells}
    return render(request, "workspace_admin/people/seat_list.html", context)


@login_required
@require_http_methods(METHODS)
def transfer(request: SignedInRequest, slug: str, member: UUID) -> HttpResponse:
    """Ask to whom one of the member's seats is to go; then move it."""
    actor = _mover(request, slug)
    who = queries.find_member(actor.workspace, member)
    held = set(vars(who)["held"])
    products = [one for one in _sold(actor) if one.id in held]
    wanted = (request.POST if request.method == "POST" else request.GET).get("product", "")
    product = next((one for one in products if one.slug == wanted), products[0] if products else None)
    return _answer(request, actor, Move(who, giving=True, product=product, products=products))


@login_required
@require_http_methods(METHODS)
def takeover(request: SignedInRequest, slug: str, member: UUID, product: str) -> HttpResponse:
    """Ask from whom the member is to get a seat of the product, those away longest first; then move it."""
    actor = _mover(request, slug)
    who = queries.find_member(actor.workspace, member)
    found = next((one for one in _sold(actor) if one.slug == product), None)
    if found is None:
        raise NotFound
    return _answer(request, actor, Move(who, giving=False, product=found, products=[found]))


def _sold(actor: Actor) -> list[Product]:
    """Return the products whose seats can be assigned here; retired ones are left out."""
    return [one.product for one in queries.columns(actor.workspace) if not one.product.retired]


def _mover(request: SignedInRequest, slug: str) -> Actor:
    actor = actor_for(request.user, slug)
    require(actor, Action.TAKE_SEAT)
    require(actor, Action.GIVE_SEAT)
    require_feature(actor.workspace, Feature.INVITATIONS)
    return actor


def _answer(request: SignedInRequest, actor: Actor, move: Move) -> HttpResponse:
    if request.method != "POST" or move.product is None:
        return _asked(request, actor, move)
    try:
        other = _chosen(actor, request.POST.get("other", ""))
        giver, taker = (move.who, other) if move.giving else (other, move.who)
        services.move(actor, move.product.slug, giver.id, taker.id)
    except (PermissionDenied, NotFound):
        raise
    except DomainError as error:
        return _asked(request, actor, move, error)
    done = _("The seat of %(product)s moved from %(giver)s to %(taker)s.")
    return dialog_done(request, actor.workspace.slug, done % {"product": move.product, "giver": giver, "taker": taker})


def _chosen(actor: Actor, other: str) -> Membership:
    try:
        return queries.find_member(actor.workspace, UUID(other))
    except ValueError:
        raise InvalidRequest(_("Choose a person."), field="other", code="required") from None


def _asked(request: SignedInRequest, actor: Actor, move: Move, error: DomainError | None = None) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:200]
    context = {
        "actor": actor,
        "workspace": actor.workspace,
        "nav": "members",
        "move": move,
        "member": move.who,
        "words": words,
        "people": move.people(actor.workspace, words),
        "most": MOST,
        "error": error,
        "link": request.path,
    }
    part = ("#choices" if "move-choices" in (request.htmx.target or "") else "#sheet") if request.htmx else ""
    return render(request, f"workspace_admin/people/move.html{part}", context, status=error.status if error else 200)
