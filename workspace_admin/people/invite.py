"""The invite dialog: a fragment for htmx, a page of its own without."""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import retarget

from billing_seats.plans import Feature, require_feature
from invitations.inviting import MAX_ADDRESSES, InviteResult, check_addresses
from invitations.inviting import invite as send_invitations
from invitations.models import DAYS, DEFAULT_DAYS, NOTE_LENGTH, InvitationStatus
from members.access import Action, Actor, actor_for, require
from members.addresses import Mailbox, split
from members.errors import AlreadyInvited, AlreadyMember, DomainError, InvalidRequest, SeatsExhausted, Undeliverable
from members.models import Role
from members.requests import SignedInRequest
from workspace_admin.people import queries
from workspace_admin.people.list import context_of, refreshed
from workspace_admin.people.queries import Column

FIELDS = {
    "email": "email",
    "role": "role",
    "seats": "products",
    "locale": "language",
    "message": "note",
    "expires_in_days": "days",
}
"""The form's fields by the names that the service and the API have for them."""


@dataclass(frozen=True)
class Refusal:
    """An address that was not invited, why, and the remedy.

    Something to resend, someone to reactivate or to extend, seconds to wait, a suppressed address, or a product that
    ran out of seats.
    """

    email: str
    message: str
    name: str = ""
    invitation: UUID | None = None
    deactivated: UUID | None = None
    lapsed: UUID | None = None
    wait: int = 0
    suppressed: bool = False
    sold_out: str = ""

    @property
    def can_be_solved(self) -> bool:
        """Return whether there is a remedy to press."""
        return bool(self.invitation or self.deactivated or self.lapsed or self.suppressed or self.sold_out)


class InviteForm(forms.Form):
    """Email addresses, role, seats and, folded away, the rest. The service checks each address."""

    email = forms.CharField(
        label=gettext_lazy("Email"),
        help_text=gettext_lazy("Separate multiple addresses with commas, spaces or new lines."),
        error_messages={"required": gettext_lazy("Enter an email address.")},
        widget=forms.Textarea(
            attrs={
                "rows": 3,
                "autofocus": True,
                "autocomplete": "off",
                "spellcheck": "false",
                "inputmode": "email",
                "data-draft": True,
            }
        ),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices, initial=Role.MEMBER)
    products = forms.MultipleChoiceField(label=gettext_lazy("Seats"), required=False)
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False, help_text=gettext_lazy("Used for the email and the join page.")
    )
    note = forms.CharField(
        label=gettext_lazy("Personal note"),
        required=False,
        max_length=NOTE_LENGTH,
        help_text=gettext_lazy("Plain text, up to 500 characters. Shown in the email."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Expires after (days)"),
        required=False,
        min_value=DAYS[0],
        max_value=DAYS[-1],
        initial=DEFAULT_DAYS,
        help_text=gettext_lazy("1 to 30 days."),
    )

    def __init__(
        self, data: QueryDict | None = None, *, columns: list[Column], initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial)
        self.columns = [one for one in columns if not one.product.retired]
        products = cast("forms.MultipleChoiceField", self.fields["products"])
        products.choices = [(one.product.slug, one.product.name) for one in self.columns]
        language = cast("forms.ChoiceField", self.fields["language"])
        language.choices = settings.LANGUAGES

    @property
    def seats(self) -> list[dict[str, Any]]:
        """Return a checkbox per product: a ticked one stays enabled when its last seat has gone, to be unticked."""
        ticked = set(self["products"].value() or ())
        return [
            {
                "column": one,
                "ticked": one.product.slug in ticked,
                "off": not one.available and one.product.slug not in ticked,
            }
            for one in self.columns
        ]

    @property
    def unfold(self) -> bool:
        """Return whether the folded part has an error to show."""
        return any(name in self.errors for name in ("language", "note", "days")) if self.is_bound else False


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask who to invite; then invite them and say what became of each address."""
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
    people = split(form.cleaned_data["email"])
    try:
        answers = _send(actor, form, people)
    except DomainError as error:
        _add_error(form, error)
        return _sheet(request, actor, form, status=error.status)
    return _answer(request, actor, people, answers)


@login_required
@require_POST
def addresses(request: SignedInRequest, slug: str) -> JsonResponse:
    """Return in a few words why some of the addresses in the field can't be invited, while they are being typed."""
    actor = actor_for(request.user, slug)
    errors = check_addresses(actor, [person.email for person in split(request.POST.get("email", ""))])
    words = {
        email: str(error.message if isinstance(error, InvalidRequest) else error.title)
        for email, error in errors.items()
    }
    return JsonResponse(words)


def _send(actor: Actor, form: InviteForm, people: list[Mailbox]) -> list[InviteResult]:
    asked = form.cleaned_data
    return send_invitations(
        actor,
        [person.email for person in people],
        names=dict(people),
        role=asked["role"],
        products=asked["products"],
        language=asked["language"],
        note=asked["note"],
        days=asked["days"] or DEFAULT_DAYS,
    )


def _add_error(form: InviteForm, error: DomainError) -> None:
    """Show a refusal of the whole request beside the field that it is about."""
    field = FIELDS.get(error.field) if isinstance(error, InvalidRequest) else None
    form.add_error(field, str(error.message))


def _answer(request: SignedInRequest, actor: Actor, people: list[Mailbox], answers: list[InviteResult]) -> HttpResponse:
    sent = tuple(answer.invitation.email for answer in answers if answer.done and answer.invitation)
    refusals = _refusals(actor, people, answers)
    if not refusals:
        messages.success(request, _sent_message(sent))
        return retarget(refreshed(request, actor.workspace.slug, fresh=sent), "#people")
    rest = request.POST.copy()
    rest["email"] = "\n".join(str(Mailbox(refusal.email, refusal.name)) for refusal in refusals)
    again = InviteForm(rest, columns=queries.columns(actor.workspace))
    again.is_valid()
    return _sheet(request, actor, again, refusals=refusals, fresh=sent)


def _sent_message(sent: tuple[str, ...]) -> str:
    message = ngettext("Invitation sent to %(email)s.", "%(count)s invitations sent.", len(sent))
    return message % {"email": sent[0], "count": len(sent)}


def _refusals(actor: Actor, people: list[Mailbox], answers: list[InviteResult]) -> list[Refusal]:
    refused = [
        (answer.email, person.name, answer.error)
        for person, answer in zip(people, answers, strict=True)
        if answer.error
    ]
    offers = _pending(actor, [email for email, _name, error in refused if isinstance(error, AlreadyInvited)])
    members = _members(actor, [email for email, _name, error in refused if isinstance(error, AlreadyMember)])
    buys = actor.may(Action.CHANGE_SUBSCRIPTION)
    return [
        Refusal(
            email,
            _message(error),
            name,
            offers.get(email),
            members.get((email, "deactivated")),
            members.get((email, "lapsed")),
            error.extra.get("retry_after", 0),
            isinstance(error, Undeliverable),
            error.extra["product"] if buys and isinstance(error, SeatsExhausted) else "",
        )
        for email, name, error in refused
    ]


def _message(error: DomainError) -> str:
    if isinstance(error, InvalidRequest) and error.field == "name":
        return _("Name: %(reason)s") % {"reason": error.message}
    return str(error.message)


def _pending(actor: Actor, emails: list[str]) -> dict[str, UUID]:
    """Return the ids of the pending invitations to these addresses."""
    rows = actor.workspace.invitations.filter(email__in=emails, status=InvitationStatus.PENDING) if emails else ()
    return {row.email: row.id for row in rows}


def _members(actor: Actor, emails: list[str]) -> dict[tuple[str, str], UUID]:
    """Return the ids of the members with these addresses, by address and status."""
    rows = actor.workspace.memberships.with_expiry().filter(email__in=emails) if emails else ()
    return {(row.email, row.display_status): row.id for row in rows}


def _sheet(  # noqa: PLR0913 -- one template, many states
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
    context |= {
        "form": form,
        "refusals": refusals or [],
        "solvable": [one for one in refusals or [] if one.can_be_solved],
        "failed": [one for one in refusals or [] if not one.can_be_solved],
        "most": MAX_ADDRESSES,
        "fresh": fresh,
        "sent_message": _sent_message(fresh) if fresh else "",
    }
    part = "#answer" if request.htmx else ""
    return render(request, f"workspace_admin/people/invite.html{part}", context, status=status)
