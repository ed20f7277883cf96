"""Giving access again, and its end: a dialog with htmx, a page without, or beside an address that was refused."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing_seats.lifecycle import rules
from billing_seats.lifecycle.changes import UNCHANGED, MemberChanges
from billing_seats.lifecycle.undo import change_undoably
from billing_seats.models import UndoableChange
from billing_seats.plans import Feature, has_feature
from members.access import Action, Actor, actor_for, require
from members.clock import end_of, last_day
from members.errors import AlreadyMember, DomainError, InvalidRequest, MemberInvited, NotFound, PermissionDenied
from members.models import Membership, Status
from members.requests import SignedInRequest
from workspace_admin.people import queries
from workspace_admin.people.access_forms import AccessForm, seat_offers
from workspace_admin.people.list import context_of, dialog_done

METHODS = ["GET", "HEAD", "POST"]
type Done = tuple[str, UndoableChange | None]
"""What was done, in words, and what takes it back."""


@login_required
@require_http_methods(METHODS)
def reactivation(request: SignedInRequest, slug: str, member: UUID) -> HttpResponse:
    """Ask with which seats, and until when, a deactivated member has access again; then give it."""
    actor = actor_for(request.user, slug)
    require(actor, Action.REACTIVATE)
    who = _joined(actor, member)
    if who.status == Status.ACTIVE and request.method != "POST":
        raise AlreadyMember(_("This person is active already."))

    def change(form: AccessForm) -> Done:
        ends_at = _end(form) if _is_expired(who) else UNCHANGED
        seats = form.cleaned_data["seats"]
        changes = MemberChanges(status=Status.ACTIVE, expires_at=ends_at, seats_on_return=seats)
        result, undoable = change_undoably(actor, member, changes)
        names = ", ".join(product.name for product in result.seats_given)
        gone = ", ".join(offer.name for offer in form.offers if offer.had and offer.gone)
        return _reactivated(str(who), names, gone), undoable

    return _answer(request, actor, "workspace_admin/people/reactivate.html", who, change)


def _reactivated(who: str, names: str, gone: str) -> str:
    """Return that somebody has access again, with which seats, and which of their former seats are gone."""
    if names:
        done = _("%(who)s has access again, with a seat for: %(seats)s.") % {"who": who, "seats": names}
    else:
        done = _("%(who)s has access again, without a seat.") % {"who": who}
    return f"{done} {_('No longer available: %(seats)s.') % {'seats': gone}}" if gone else done


@login_required
@require_http_methods(METHODS)
def end(request: SignedInRequest, slug: str, member: UUID) -> HttpResponse:
    """Ask on which day a member's access ends, or say that it cannot; then set it: who is back takes seats again."""
    actor = actor_for(request.user, slug)
    require(actor, Action.SET_END)
    who = _joined(actor, member)

    def change(form: AccessForm) -> Done:
        ends_at = _end(form)
        keep = form.cleaned_data["seats"] if _is_expired(who) else None
        _result, undoable = change_undoably(actor, member, MemberChanges(expires_at=ends_at, seats_on_return=keep))
        if ends_at is None:
            return _("The access of %(who)s has no end.") % {"who": who}, undoable
        done = _("%(who)s has access through %(day)s.") % {"who": who, "day": date_format(last_day(ends_at))}
        return done, undoable

    return _answer(request, actor, "workspace_admin/people/end.html", who, change)


def _joined(actor: Actor, member_id: UUID) -> Membership:
    member = queries.find_member(actor.workspace, member_id)
    if member.status == Status.INVITED:
        raise MemberInvited
    return member


def _is_expired(member: Membership) -> bool:
    """Return whether the end of a member read by ``queries.with_details`` has passed."""
    return bool(vars(member)["is_expired"])


def _end(form: AccessForm) -> datetime | None:
    day = form.cleaned_data["ends_on"]
    return end_of(day) if day else None


def _form(request: SignedInRequest, actor: Actor, who: Membership) -> AccessForm:
    """Return the form: seats for a person whose access returns, and a date unless one is still to come."""
    columns, is_expired = queries.columns(actor.workspace), _is_expired(who)
    held = set(vars(who)["held"])
    had = who.seats_before or [one.product.slug for one in columns if one.product.id in held]
    plan = "" if has_feature(actor.workspace, Feature.INVITATIONS) else _("not on this plan")
    offers = seat_offers(columns, had, plan)
    if who.status == Status.ACTIVE:
        offers = [one for one in offers if one.had and is_expired]
    return AccessForm(
        request.POST if request.method == "POST" else None,
        offers=offers,
        dated=is_expired or who.status == Status.ACTIVE,
        prefix=str(who.id) if _is_beside(request) else None,
        initial={"ends_on": last_day(who.expires_at) if who.expires_at and not is_expired else None},
    )


def _is_beside(request: SignedInRequest) -> bool:
    """Return whether the form is shown next to an address that could not be invited."""
    return "refusal" in (request.htmx.target or "")


def _answer(
    request: SignedInRequest, actor: Actor, template: str, who: Membership, change: Callable[[AccessForm], Done]
) -> HttpResponse:
    form = _form(request, actor, who)
    if request.method != "POST" or not form.is_valid():
        return _asked(request, actor, template, who, form)
    try:
        done, undoable = change(form)
    except (PermissionDenied, NotFound, MemberInvited):
        raise
    except DomainError as error:
        again = _form(request, actor, who)
        again.is_valid()
        again.add_error(_field(again, error), str(error.message))
        return _asked(request, actor, template, who, again, error.status)
    if _is_beside(request):
        return render(
            request,
            "workspace_admin/people/beside_done.html",
            {**context_of(request, actor), "answer": done, "sent": True, "solved": who.email},
        )
    return dialog_done(request, actor.workspace.slug, done, undoable)


def _field(form: AccessForm, error: DomainError) -> str | None:
    """Return the form field an error belongs to."""
    named = error.field if isinstance(error, InvalidRequest) else "seats"
    field = "ends_on" if named == "expires_at" else named
    return field if field in form.fields else None


def _asked(  # noqa: PLR0913, PLR0917 -- one answer, many faces
    request: SignedInRequest, actor: Actor, template: str, who: Membership, form: AccessForm, status: int = 0
) -> HttpResponse:
    context = {
        "actor": actor,
        "workspace": actor.workspace,
        "nav": "members",
        "member": who,
        "form": form,
        "ended": last_day(who.expires_at) if who.expires_at and _is_expired(who) else None,
        "no_end": _why_no_end(who),
    }
    part = "#beside" if _is_beside(request) else "#sheet" if request.htmx else ""
    return render(request, template + part, context, status=status or (400 if form.errors else 200))


def _why_no_end(who: Membership) -> str:
    """Return why the member's access cannot have an end date, or ""."""
    try:
        rules.require_may_expire(who.role)
    except InvalidRequest as error:
        return str(error.message)
    return ""
