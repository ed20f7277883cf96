"""Erase a person: their account, and their names and addresses wherever the console keeps them.

This is the `members.services.erase` of the specification. It touches the tables of three apps, so it stands above them;
each app erases what is its own: `members.account.erasure`, `billing_seats.erasure`, `invitations.erasure`.
"""

import uuid
from collections.abc import Mapping

from django.utils.translation import gettext as _

from billing_seats import erasure as seats
from billing_seats.lifecycle.rules import is_last_admin
from invitations import erasure as invitations
from members import audit
from members.access import Actor, StaffMember
from members.account import erasure as account
from members.acting import acting_on_account, acting_on_own_account, places_of
from members.audit import Who
from members.errors import DomainError, InvalidRequest, LastAdmin, NotFound, PermissionDenied, Unavailable
from members.models import AuditEvent, Membership, User, Workspace
from workspace_admin.personal_data.traces import places, traces_of

PERMISSION = "members.delete_user"
"""The Django permission with which support may erase somebody."""


def erase_own_account(user: User) -> None:
    """Erase the person who asks for it: nothing gives back what the console knew of them.

    Their memberships end like a removal and their seats are free; invitations to their address are revoked.

    Raises:
        LastAdmin: a workspace would have no Admin left; the message names each.
        PermissionDenied: the account is support staff's.
        Unavailable: the person is being invited or joins at this very moment.
    """
    with acting_on_own_account(user, invited=True) as workspaces:
        _erase(user, workspaces, None)


def erase_person(staff: StaffMember, user: User) -> None:
    """Do the same on behalf of support, who give a reason.

    Raises:
        PermissionDenied, LastAdmin, Unavailable
        InvalidRequest: no reason, or one that names the person.
    """
    with acting_on_account(staff, PERMISSION, user) as workspaces:
        _erase(user, workspaces, staff)


def refusal(user: User) -> DomainError | None:
    """Return why the person can't be erased as things stand, or None."""
    if user.is_staff or user.is_superuser:
        return PermissionDenied(_("This is a support account. Its staff access has to be removed first."))
    rows = user.memberships.select_related("workspace").order_by("workspace__name")
    alone = [row.workspace.name for row in rows if is_last_admin(row.workspace, row)]
    if not alone:
        return None
    message = _("No other active Admin: %(workspaces)s. Make someone else an Admin there first.")
    return LastAdmin(message % {"workspaces": ", ".join(alone)})


def _erase(user: User, workspaces: Mapping[uuid.UUID, Workspace], staff: StaffMember | None) -> None:
    # Memberships before the account, as everywhere: whoever ends a membership locks in this order too.
    list(user.memberships.select_for_update(no_key=True).order_by("id"))
    person = User.objects.select_for_update().filter(id=user.id).first()
    if person is None:
        raise NotFound
    # The workspace of a row that came meanwhile is not locked; and after the account's row, none may be.
    if person.email != user.email or not workspaces.keys() >= places_of(person):
        raise Unavailable
    if error := refusal(person):
        raise error
    traces = traces_of(person)
    if staff is not None and traces.named_in(staff.reason):
        message = _("Leave out the person's name and email address: the reason stays in the audit log.")
        raise InvalidRequest(message, field="reason", code="personal")
    ended = {member.workspace_id: member.id for member in places(person)}
    for place, member in ended.items():
        invitations.revoke_pending(workspaces[place], traces.addresses)
        workspaces[place].memberships.filter(id=member).delete()
    invitations.forget(person.id, traces.addresses, traces.invitations)
    seats.forget(person.id, traces.addresses)
    account.forget(traces)
    # Last, so that it is not blanked with the rest.
    AuditEvent.objects.bulk_create(
        audit.event(_who(staff, user.id, workspaces[place]), place, "person.erased", Membership(id=member))
        for place, member in ended.items()
    )


def _who(staff: StaffMember | None, user_id: uuid.UUID, workspace: Workspace) -> Who:
    return staff or Actor(kind="user", id=user_id, name="", email="", workspace=workspace)
