"""What the controls of a row do: each calls one service and answers the list as it then is."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from billing_seats.lifecycle import rules
from billing_seats.lifecycle.changes import MemberChanges
from billing_seats.lifecycle.undo import change_undoably, remove_undoably, undo
from billing_seats.lifecycle.undo import find as find_undoable
from billing_seats.models import Product
from invitations import services as invitations
from invitations.models import InvitationStatus
from members.access import Action, Actor, actor_for, require
from members.errors import (
    DomainError,
    InvalidRequest,
    InvitationNotPending,
    LastAdmin,
    MemberInvited,
    NotFound,
    PermissionDenied,
)
from members.models import Membership, Role, Status
from members.requests import SignedInRequest
from workspace_admin.people import queries
from workspace_admin.people.list import CHANGED, context_of, offer_undo, refreshed


def act(
    request: SignedInRequest, slug: str, change: Callable[[Actor], object], done: str, member: UUID | None = None
) -> HttpResponse:
    """Make a change and return the list; a refusal is said in the row, which is shown in its true state.

    Raises:
        PermissionDenied, NotFound: without htmx, where they are pages of their own.
    """
    actor = actor_for(request.user, slug)
    try:
        change(actor)
    except DomainError as refused:
        if not request.htmx and isinstance(refused, PermissionDenied | NotFound):
            raise
        error = queries.MemberGone() if isinstance(refused, NotFound) else refused
        messages.error(request, str(error.message))
        return refreshed(request, slug, error=error, member=member)
    if done:
        messages.success(request, done)
    return refreshed(request, slug)


def act_undoably(
    request: SignedInRequest, slug: str, member: UUID, changes: MemberChanges, done: Callable[[str], str]
) -> HttpResponse:
    """Change a member and offer to undo it; ``done`` says what was done to whom."""

    def change(actor: Actor) -> None:
        result, undoable = change_undoably(actor, member, changes)
        if undoable is not None:
            offer_undo(request, slug, undoable, done(str(result.member)))

    return act(request, slug, change, "", member)


@login_required
@require_POST
def undo_change(request: SignedInRequest, slug: str, change: UUID) -> HttpResponse:
    """Take a change back, if nothing has changed since."""

    def take_back(actor: Actor) -> None:
        if "name" in find_undoable(actor, change).inverse:
            invitations.restore(actor, change)
        else:
            undo(actor, change)

    return act(request, slug, take_back, _("Undone."))


@login_required
@require_POST
def role(request: SignedInRequest, slug: str, member: UUID) -> HttpResponse:
    """Give a member, or a pending one, another role; who would give up their own rights by it is asked first."""
    wanted = request.POST.get("role", "")
    if wanted in {Role.MEMBER, Role.BILLING} and "sure" not in request.POST:
        actor = actor_for(request.user, slug)
        if _gives_up_rights(actor, member):
            return _ask_about_own_role(request, actor, Role(wanted))
    if not wanted:
        raise InvalidRequest(_("Choose Admin, Member or Billing."), field="role", code="unknown")
    label = Role(wanted).label if wanted in Role.values else wanted

    def done(who: str) -> str:
        return _("%(who)s is now %(role)s.") % {"who": who, "role": label}

    return act_undoably(request, slug, member, MemberChanges(role=wanted), done)


def _gives_up_rights(actor: Actor, member: UUID) -> bool:
    """Return whether this Admin changes their own role and isn't the last one."""
    own = actor.membership
    return (
        own is not None
        and own.id == member
        and own.role == Role.ADMIN
        and not rules.is_last_admin(actor.workspace, own)
    )


def _ask_about_own_role(request: SignedInRequest, actor: Actor, wanted: Role) -> HttpResponse:
    context = {**context_of(request, actor), "member": actor.membership, "wanted": wanted}
    if not request.htmx:
        return render(request, "workspace_admin/people/own_role.html", context)
    response = render(request, "workspace_admin/people/own_role.html#answer", context)
    response["HX-Trigger"] = CHANGED
    return reswap(retarget(response, "#dialog"), "innerHTML")


@login_required
@require_POST
def seat(request: SignedInRequest, slug: str, member: UUID, product: str) -> HttpResponse:
    """Give a seat, or take it: a box that is not ticked sends nothing."""
    name = Product.objects.filter(slug=product).values_list("name", flat=True).first()
    given = request.POST.get("value") == "on"

    def done(who: str) -> str:
        text = _("%(who)s has a seat of %(product)s.") if given else _("%(who)s no longer has a seat of %(product)s.")
        return text % {"who": who, "product": name}

    changes = MemberChanges(seats_add=[product]) if given else MemberChanges(seats_remove=[product])
    return act_undoably(request, slug, member, changes, done)


@login_required
@require_POST
def resend(request: SignedInRequest, slug: str, invitation: UUID) -> HttpResponse:
    """Send the invitation again, with a new link."""
    actor = actor_for(request.user, slug)
    done = _("The invitation was sent again, with a new link. The old link no longer works.")
    if "refusal" in (request.htmx.target or ""):
        return _resend_inside_dialog(request, actor, invitation, done)
    of = actor.workspace.invitations.filter(id=invitation).values_list("membership_id", flat=True).first()
    return act(request, slug, lambda actor: invitations.resend(actor, invitation), done, of)


def _resend_inside_dialog(request: SignedInRequest, actor: Actor, invitation: UUID, done: str) -> HttpResponse:
    """Respond next to the address that was already invited, keeping the dialog with the other results."""
    try:
        sent = invitations.resend(actor, invitation)
    except DomainError as error:
        context = {"answer": error.message, "wait": error.extra.get("retry_after", 0)}
        return render(request, "workspace_admin/people/resent.html", context, status=error.status)
    return render(request, "workspace_admin/people/resent.html", {"answer": done, "sent": True, "solved": sent.email})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revocation(request: SignedInRequest, slug: str, invitation: UUID) -> HttpResponse:
    """Ask whether to revoke an invitation, naming what is lost; then do so."""
    if request.method == "POST":

        def revoke(actor: Actor) -> None:
            revoked, undoable = invitations.revoke_undoably(actor, invitation)
            done = _("The invitation to %(who)s was revoked. Its link no longer works.") % {"who": revoked.email}
            offer_undo(request, slug, undoable, done)

        return act(request, slug, revoke, "")
    actor = actor_for(request.user, slug)
    require(actor, Action.REVOKE)
    offer = actor.workspace.invitations.filter(id=invitation).first()
    if offer is None:
        raise NotFound
    if offer.status != InvitationStatus.PENDING or offer.membership_id is None:
        raise InvitationNotPending
    return _ask(
        request,
        actor,
        "workspace_admin/people/revoke.html",
        queries.find_member(actor.workspace, offer.membership_id),
        invitation=offer,
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def removal(request: SignedInRequest, slug: str, member: UUID) -> HttpResponse:
    """Ask whether to remove a member, naming what is lost; then do so."""
    if request.method == "POST":

        def remove(actor: Actor) -> None:
            removed, undoable = remove_undoably(actor, member)
            done = _("%(who)s was removed. Their seats are free.") % {"who": removed}
            offer_undo(request, slug, undoable, done)

        return act(request, slug, remove, "", member)
    actor = actor_for(request.user, slug)
    require(actor, Action.REMOVE)
    return _ask_joined(request, actor, "workspace_admin/people/remove.html", member)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def deactivation(request: SignedInRequest, slug: str, member: UUID) -> HttpResponse:
    """Ask whether to end a member's access for now, naming what is lost; then do so."""
    if request.method == "POST":

        def done(who: str) -> str:
            return _("%(who)s was deactivated. Their seats are free.") % {"who": who}

        return act_undoably(request, slug, member, MemberChanges(status=Status.DEACTIVATED), done)
    actor = actor_for(request.user, slug)
    require(actor, Action.DEACTIVATE)
    return _ask_joined(request, actor, "workspace_admin/people/deactivate.html", member)


def _ask_joined(request: SignedInRequest, actor: Actor, template: str, member_id: UUID) -> HttpResponse:
    """Ask about someone who has joined; what the service would refuse is said before it is asked."""
    member = queries.find_member(actor.workspace, member_id)
    if member.status == Status.INVITED:
        raise MemberInvited
    if rules.is_last_admin(actor.workspace, member):
        raise LastAdmin
    return _ask(request, actor, template, member)


def _ask(request: SignedInRequest, actor: Actor, template: str, member: Membership, **context: object) -> HttpResponse:
    held = set(vars(member)["held"])
    products = [column.product for column in queries.columns(actor.workspace) if column.product.id in held]
    context |= {"actor": actor, "workspace": actor.workspace, "nav": "members", "member": member, "products": products}
    return render(request, f"{template}#sheet" if request.htmx else template, context)
