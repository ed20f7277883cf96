"""Where the console knows a person: the memberships, invitations, names and addresses that are or were theirs."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet

from billing_seats.models import Seat
from invitations.erasure import invitations_to
from members.account.erasure import Traces, former_names, rows_in_the_log
from members.acting import places_of
from members.models import Membership, User


def places(user: User) -> QuerySet[Membership]:
    """Return their memberships of any status, and those that wait for them to join, with ``seat_names``."""
    seats = Seat.objects.filter(workspace=OuterRef("workspace_id"), membership=OuterRef("pk"))
    rows = Membership.objects.filter(Q(user=user) | Q(email=user.email), workspace__in=places_of(user))
    names = ArraySubquery(seats.order_by("product__name").values("product__name"))
    return rows.select_related("workspace").annotate(seat_names=names).order_by("workspace__name", "id")


def traces_of(user: User) -> Traces:
    """Return by what the person is found."""
    names, addresses = former_names(user)
    members = list(places(user))
    invitations = invitations_to(user.id, addresses)
    return Traces(
        user=user,
        names=names,
        addresses=addresses,
        workspaces=[member.workspace_id for member in members],
        invitations=invitations,
        rows={member.id for member in members} | invitations | rows_in_the_log(user, addresses),
    )
