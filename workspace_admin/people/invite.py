"""The invite dialog: a fragment for htmx, a page of its own without."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from django_htmx.http import retarget

from billing_seats.plans import Feature, require_feature
from invitations.inviting import InviteResult
from invitations.inviting import invite as send_invitations
from invitations.models import DEFAULT_DAYS, InvitationStatus
from members.access import Action, Actor, actor_for, require
from members.addresses import split
from members.errors import AlreadyInvited, AlreadyMember, DomainError, InvalidRequest, Undeliverable
from members.requests import SignedInRequest
from workspace_admin.people import queries
from workspace_admin.people.invite_form import InviteForm
from workspace_admin.people.list import context_of, refreshed

FIELDS = {
    "email": "email",
    "role": "role",
    "seats": "products",
    "locale": "language",
    "message": "note",
    "expires_in_days": "days",
}
"""The service's names of fields, as the API has them, to the form's."""


@dataclass(frozen=True)
class Refusal:
    """An address that was not invited, why, and the way out: what to resend, or whom to reactivate or extend.

    Where that is not it: in how many seconds it may be tried again, or that the address is held back.
    """

    email: str
    message: str
    invitation: UUID | None = None
    deactivated: UUID | None = None
    lapsed: UUID | None = None
    wait: int = 0
    held: bool = False


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask whom to invite; invite them, and answer each address."""
    actor = actor_for(request.user, slug)
    require(actor, Action.INVITE)
    columns = queries.columns(actor.workspace)
    if request.method != "POST":
        require_feature(actor.workspace, Feature.INVITATIONS)
        language = request.user.language or settings.LANGUAGE_CODE
        return _sheet(request, actor, InviteForm(columns=columns, initial={"language": language}))
    form = InviteForm(request.POST, columns=columns)
    if not form.is_valid():
        return _sheet(request, actor, form, status=400)
    try:
        answers = _send(actor, form)
    except DomainError as error:
        _blame(form, error)
        return _sheet(request, actor, form, status=error.status)
    return _answer(request, actor, answers)


def _send(actor: Actor, form: InviteForm) -> list[InviteResult]:
    asked = form.cleaned_data
    return send_invitations(
        actor,
        split(asked["email"]),
        role=asked["role"],
        products=asked["products"],
        language=asked["language"],
        note=asked["note"],
        days=asked["days"] or DEFAULT_DAYS,
    )


def _blame(form: InviteForm, error: DomainError) -> None:
    """Put a refusal of the whole request beside the field that it is about."""
    field = FIELDS.get(error.field) if isinstance(error, InvalidRequest) else None
    form.add_error(field, str(error.message))


def _answer(request: SignedInRequest, actor: Actor, answers: list[InviteResult]) -> HttpResponse:
    sent = tuple(answer.invitation.email for answer in answers if answer.done and answer.invitation)
    refusals = _refusals(actor, answers)
    if sent:
        messages.success(request, _told(sent))
    if not refusals:
        return retarget(refreshed(request, actor.workspace.slug, fresh=sent), "#people")
    rest = request.POST.copy()
    rest["email"] = "\n".join(refusal.email for refusal in refusals)
    again = InviteForm(rest, columns=queries.columns(actor.workspace))
    again.is_valid()
    return _sheet(request, actor, again, refusals=refusals, fresh=sent)


def _told(sent: tuple[str, ...]) -> str:
    told = ngettext(
        "%(email)s is invited. The email is on its way.",
        "%(count)s people are invited. The emails are on their way.",
        len(sent),
    )
    return told % {"email": sent[0], "count": len(sent)}


def _refusals(actor: Actor, answers: list[InviteResult]) -> list[Refusal]:
    refused = [(answer, answer.error) for answer in answers if answer.error]
    invited = [answer.email for answer, error in refused if isinstance(error, AlreadyInvited)]
    pending = actor.workspace.invitations.filter(email__in=invited, status=InvitationStatus.PENDING) if invited else ()
    offers = {row.email: row.id for row in pending}
    belong = [answer.email for answer, error in refused if isinstance(error, AlreadyMember)]
    members = actor.workspace.memberships.judged().filter(email__in=belong) if belong else ()
    standing = {(row.email, row.display_status): row.id for row in members}
    return [
        Refusal(
            answer.email,
            str(error.message),
            offers.get(answer.email),
            standing.get((answer.email, "deactivated")),
            standing.get((answer.email, "lapsed")),
            error.extra.get("retry_after", 0),
            isinstance(error, Undeliverable),
        )
        for answer, error in refused
    ]


def _sheet(  # noqa: PLR0913 -- one answer, many faces
    request: SignedInRequest,
    actor: Actor,
    form: InviteForm,
    *,
    status: int = 200,
    refusals: list[Refusal] | None = None,
    fresh: tuple[str, ...] = (),
) -> HttpResponse:
    context: dict[str, object] = {"actor": actor, "workspace": actor.workspace, "nav": "members"}
    if request.htmx and fresh:
        context |= context_of(request, actor, fresh=fresh)
    context |= {"form": form, "refusals": refusals or [], "fresh": fresh, "told": _told(fresh) if fresh else ""}
    return render(
        request,
        "workspace_admin/people/invite.html#answer" if request.htmx else "workspace_admin/people/invite.html",
        context,
        status=status,
    )
