"""One change to many people of the list: first a preview of what it would do, then exactly that."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from billing_seats.lifecycle.previews import find_preview, save_preview
from billing_seats.lifecycle.services import change_members
from billing_seats.models import MemberPreview
from invitations.models import InvitationStatus
from members.access import Actor, actor_for, require
from members.errors import DomainError, InvalidRequest
from members.job import CHUNK
from members.models import Membership
from members.requests import SignedInRequest
from workspace_admin.people import queries
from workspace_admin.people.bulk_jobs import start_changes
from workspace_admin.people.bulk_words import BulkAction
from workspace_admin.people.list import context_of, dialog_done
from workspace_admin.people.list_query import ListQuery

MOST = 10_000
NAMED = 5
"""People who are changed by one confirmation, and people named for each reason; the others are counted."""


@dataclass(frozen=True)
class Group:
    """People who get the same answer: why, some of their names, and how many others there are."""

    reason: str
    names: list[str]
    others: int

    @property
    def number(self) -> int:
        """How many people there are."""
        return len(self.names) + self.others


@dataclass(frozen=True)
class SeatChange:
    """How many seats of a product are left, before and after."""

    product: str
    before: int
    after: int


@login_required
@require_POST
def preview(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what a change to the selected people would do: to whom, to whom not and why, and to the seats left."""
    actor = actor_for(request.user, slug)
    action = BulkAction.of(actor.workspace, request.POST.get("do", ""))
    for one in action.needs:
        require(actor, one)
    ids = _selected(request, actor)
    found = _preview_invitations(actor, action, ids) if action.of_invitations else _preview_members(actor, action, ids)
    return _sheet(request, actor, "preview", {"action": action, "button": action.button(found["number"]), **found})


def _selected(request: SignedInRequest, actor: Actor) -> list[uuid.UUID]:
    """Return the ids that were ticked or, where all who match were selected, those of the list's filters.

    Raises:
        InvalidRequest: nobody is selected, or more than can be changed at once.
    """
    if chosen := request.POST.get("filter"):
        asked = ListQuery.of(QueryDict(chosen.removeprefix("?")))
        ids = queries.ids(actor.workspace, asked.values(), MOST + 1)
    else:
        ids = picked(request.POST)
    if not ids:
        raise InvalidRequest(_("Select the people to change first."), field="members", code="required")
    if len(ids) > MOST:
        message = _("Select at most %(most)s people at once, or narrow the filters.") % {"most": f"{MOST:,}"}
        raise InvalidRequest(message, field="members", code="too_many")
    return list(dict.fromkeys(ids))


def picked(posted: QueryDict) -> list[uuid.UUID]:
    """Return the ids of the people who were ticked, or of those one more than can be."""
    return [found for text in posted.getlist("members")[: MOST + 1] if (found := _uuid(text))]


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _preview_members(actor: Actor, action: BulkAction, ids: Sequence[uuid.UUID]) -> dict[str, Any]:
    results = change_members(actor, ids, action.changes, dry_run=True)
    done = [result for result in results if result.error is None]
    changing = [result.member_id for result in done if not result.unchanged]
    refused = [(result.member_id, result.error) for result in results if result.error]
    given: dict[str, int] = defaultdict(int)
    for result in done:
        for product in result.seats_given:
            given[product.slug] += 1
    return {
        "number": len(changing),
        "same": len(done) - len(changing),
        "refused": _groups(actor, refused),
        "seats": _seats(actor, given, _freed(actor, action, changing)),
        "preview": save_preview(actor, action.changes, [one for one in done if not one.unchanged]).id
        if changing
        else None,
    }


def _preview_invitations(actor: Actor, action: BulkAction, ids: Sequence[uuid.UUID]) -> dict[str, Any]:
    pending = actor.workspace.invitations.filter(membership__in=ids, status=InvitationStatus.PENDING)
    offers = dict(pending.values_list("membership_id", "id"))
    chosen = [one for one in ids if one in offers]
    others = InvalidRequest(_("Not invited, or already a member"))
    kept = None
    if chosen:
        kept = MemberPreview.objects.create(
            workspace=actor.workspace,
            actor_type=actor.kind,
            actor_id=actor.id,
            changes={"invitations": action.name},
            rows=[[str(offers[one]), {}] for one in chosen],
        )
    return {
        "number": len(chosen),
        "same": 0,
        "refused": _groups(actor, [(one, others) for one in ids if one not in offers]),
        "seats": _seats(actor, {}, _freed(actor, action, chosen)),
        "preview": kept.id if kept else None,
    }


def _groups(actor: Actor, refused: Iterable[tuple[uuid.UUID, DomainError]]) -> list[Group]:
    """Return the people who are refused, by reason."""
    reasons: dict[str, list[uuid.UUID]] = defaultdict(list)
    for member_id, error in refused:
        reasons[str(error.message)].append(member_id)
    named = [one for ids in reasons.values() for one in ids[:NAMED]]
    names = {row.id: str(row) for row in actor.workspace.memberships.filter(id__in=named)} if named else {}
    gone = _("someone who has left")
    return [
        Group(reason, [names.get(one, gone) for one in ids[:NAMED]], max(len(ids) - NAMED, 0))
        for reason, ids in reasons.items()
    ]


def _freed(actor: Actor, action: BulkAction, ids: Sequence[uuid.UUID]) -> dict[str, int]:
    """Return how many seats these people's loss frees, by product; those of whoever has lapsed did not count."""
    if not action.frees_seats or not ids:
        return {}
    live = Membership.objects.live().filter(workspace=actor.workspace, id__in=ids).values("id")
    seats = actor.workspace.seats.filter(membership__in=live)
    if action.changes and action.changes.seats_remove:
        seats = seats.filter(product__slug__in=action.changes.seats_remove)
    return dict(seats.values_list("product__slug").annotate(Count("id")))


def _seats(actor: Actor, given: dict[str, int], freed: dict[str, int]) -> list[SeatChange]:
    if not (given or freed):
        return []
    return [
        SeatChange(one.product.name, one.available, one.available + freed.get(slug, 0) - given.get(slug, 0))
        for one in queries.columns(actor.workspace)
        if (slug := one.product.slug) in {*given, *freed} and not one.count.over_assigned
    ]


@login_required
@require_POST
def confirm(request: SignedInRequest, slug: str) -> HttpResponse:
    """Do what a preview showed, and say for whom it could not be done."""
    actor = actor_for(request.user, slug)
    kept = find_preview(actor, _uuid(request.POST.get("preview", "")) or uuid.UUID(int=0))
    action = BulkAction.kept(actor.workspace, kept.changes)
    shown = dict(kept.rows)
    ids = [uuid.UUID(one) for one in shown]
    if len(ids) > CHUNK:
        link = resolve_url("job", slug, start_changes(actor, kept).id)
        return HttpResponseClientRedirect(link) if request.htmx else redirect(link)
    refused: list[tuple[uuid.UUID, DomainError]] = []
    if action.of_invitations:
        answers = zip(ids, action.service(actor, ids), strict=True)
        refused += [(_member_of(actor, one), answer.error) for one, answer in answers if answer.error]
    else:
        results = change_members(actor, ids, action.changes, shown=shown)
        refused += [(result.member_id, result.error) for result in results if result.error]
    done = len(ids) - len(refused)
    if not refused:
        return dialog_done(request, slug, action.done(done))
    return _sheet(
        request, actor, "results", {"done": action.done(done) if done else "", "refused": _groups(actor, refused)}
    )


def _member_of(actor: Actor, invitation_id: uuid.UUID) -> uuid.UUID:
    found = actor.workspace.invitations.filter(id=invitation_id).values_list("membership_id", flat=True).first()
    return found or invitation_id


def _sheet(request: SignedInRequest, actor: Actor, name: str, found: dict[str, Any]) -> HttpResponse:
    context: dict[str, Any] = {"actor": actor, "workspace": actor.workspace, "nav": "members"}
    if request.htmx and name == "results":
        context |= context_of(request, actor)
    part = ("#answer" if name == "results" else "#sheet") if request.htmx else ""
    return render(request, f"workspace_admin/people/bulk_{name}.html{part}", context | found)
