"""Creating workspaces; and holding, freeing and renewing invitees' seats under the workspace's lock."""

import uuid
from collections.abc import Collection, Iterable, Sequence

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from billing_seats.budgets import SeatBudget, seat_budgets
from billing_seats.models import Seat, Subscription
from billing_seats.notices import notify_admins
from members import audit
from members.access import Actor
from members.errors import InvalidRequest, Unavailable
from members.models import SLUG, Membership, Role, Status, User, Workspace
from members.names import clean_name


def open_workspace(user: User, *, name: str, slug: str) -> Workspace:
    """Create a workspace on the Free plan, with the user as its Admin, and return it."""
    name = clean_name(name)
    try:
        SLUG(slug)
    except ValidationError as error:
        raise InvalidRequest(error.messages[0], field="slug") from None
    try:
        with transaction.atomic():
            workspace = Workspace.objects.create(name=name, slug=slug)
            Subscription.objects.create(workspace=workspace)
            Membership.objects.create(
                workspace=workspace,
                user=user,
                email=user.email,
                name=user.name,
                role=Role.ADMIN,
                status=Status.ACTIVE,
                joined_at=Now(),
            )
            who = Actor(kind="user", id=user.id, name=str(user), email=user.email, workspace=workspace, role=Role.ADMIN)
            audit.record(who, workspace.id, "workspace.created", workspace, {"slug": [None, slug]})
            user.last_workspace = workspace
            # The account's address may be changing at this moment: whoever locks its row first wins.
            if not User.objects.filter(id=user.id, email=user.email).update(last_workspace=workspace):
                raise Unavailable
    except IntegrityError:
        raise InvalidRequest(_("This address is taken."), field="slug", code="taken") from None
    return workspace


def hold(
    workspace: Workspace,
    members: Iterable[Membership],
    reserved: Sequence[SeatBudget],
    refused: Collection[uuid.UUID] = (),
) -> None:
    """Hold a seat of each product for each invitee, from budgets in which the caller has reserved them.

    ``refused`` are ids of products that had none left in the same act: Admins are notified of these too.
    """
    workspace.require_lock()
    members = list(members)
    Seat.objects.bulk_create(
        [Seat(workspace=workspace, membership=member, product=one.product) for member in members for one in reserved]
    )
    notify_admins(workspace, reserved, refused)


def release(workspace: Workspace, members: Iterable[Membership]) -> None:
    """Free every seat of these members."""
    workspace.require_lock()
    Seat.objects.filter(workspace=workspace, membership__in=members).delete()


def renew(workspace: Workspace, member: Membership) -> tuple[list[str], list[str]]:
    """Hold an expired invitee's seats again, before the invitation is extended; raise if one has been given away.

    Seats of retired products are freed. Return the slugs of the seats there were, and of those that are left.
    """
    workspace.require_lock()
    held = Seat.objects.of(member)
    sold = dict(held.values_list("product__slug", "product__retired"))
    kept = [slug for slug, retired in sold.items() if not retired]
    if len(kept) < len(sold):
        held.exclude(product__slug__in=kept).delete()
    budgets = seat_budgets(workspace, kept)
    for budget in budgets:
        budget.reserve()
    notify_admins(workspace, budgets)
    return list(sold), kept
