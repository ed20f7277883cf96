"""What a member's role, status and end date allow."""

from datetime import datetime

from django.utils.translation import gettext as _

from members.errors import InvalidRequest
from members.models import Membership, Role, Status, Workspace


def is_last_admin(workspace: Workspace, member: Membership) -> bool:
    """Return whether the member is the only active Admin; certain only under the workspace's lock."""
    if member.role != Role.ADMIN or member.status != Status.ACTIVE:
        return False
    return not workspace.memberships.admins().exclude(id=member.id).exists()


def require_may_expire(role: str) -> None:
    """Raise InvalidRequest for Admins, whose access cannot have an end date."""
    if role == Role.ADMIN:
        message = _("An Admin's access can't have an end date. Change their role first.")
        raise InvalidRequest(message, field="expires_at", code="admin")


def require_role_and_end(member: Membership, role: str, ends_at: datetime | None, now: datetime) -> None:
    """Raise InvalidRequest unless this role and this end date go together for the member."""
    if ends_at is not None and ends_at != member.expires_at:
        require_may_expire(role)
        if ends_at <= now:
            message = _("This time has passed. Choose a later one, or deactivate the member.")
            raise InvalidRequest(message, field="expires_at", code="past")
    guest = member.status != Status.INVITED and ends_at is not None
    if guest and role == Role.ADMIN and role != member.role:
        message = _("An Admin's access can't have an end date. Remove the end date first.")
        raise InvalidRequest(message, field="role", code="has_end_date")


def require_may_return(member: Membership, ends_at: datetime | None, now: datetime) -> None:
    """Raise InvalidRequest if a deactivated member's access would end at once."""
    if member.status == Status.DEACTIVATED and ends_at is not None and ends_at <= now:
        message = _("This person's access has ended. Set a later end date, or none, first.")
        raise InvalidRequest(message, field="expires_at", code="past")


def require_may_hold_seats(status: str, ends_at: datetime | None, now: datetime) -> None:
    """Raise InvalidRequest unless this status and end date allow seats now."""
    if status == Status.DEACTIVATED or (ends_at is not None and ends_at <= now):
        message = _("Only active members and pending invitations can have seats.")
        raise InvalidRequest(message, field="product", code="member_not_live")
