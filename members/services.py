"""Changes to people's place in a workspace."""

import uuid

from django.utils.translation import gettext as _

from members import audit
from members.access import Action, Actor, require
from members.acting import acting, acting_on_own_account
from members.errors import InvalidRequest, LastAdmin, MemberInvited, NotFound, Unavailable
from members.models import AuditEvent, Membership, Role, Status, User, Workspace
from members.names import clean_name, fold
from members.signouts import end_sessions as end_sessions


def lock_member(workspace: Workspace, member_id: uuid.UUID) -> Membership:
    """Answer the membership, locked; the workspace must be locked before.

    Raises:
        NotFound: not in this workspace.
    """
    workspace.require_lock()
    member = workspace.memberships.select_for_update(no_key=True).filter(id=member_id).first()
    if member is None:
        raise NotFound
    return member


def change_role(actor: Actor, member_id: uuid.UUID, role: str) -> Membership:
    """Give the member another role and answer them; the role they hold already changes nothing.

    Raises:
        PermissionDenied, NotFound, LastAdmin
        InvalidRequest: unknown role, or Admin for a guest, who has an end date.
    """
    require(actor, Action.CHANGE_ROLE)
    if role not in Role.values:
        raise InvalidRequest(field="role", code="unknown")
    with acting(actor, Action.CHANGE_ROLE) as current:
        workspace = current.workspace
        member = lock_member(workspace, member_id)
        if member.role == role:
            return member
        keep_an_admin(workspace, member)
        check_role(member, role)
        before, member.role = member.role, role
        member.save(update_fields=["role"])
        audit.record(current, workspace.id, "member.role_changed", member, {"role": [before, role]})
        return member


def check_role(member: Membership, role: str) -> None:
    """Let through a role that the member may have, or has.

    Raises:
        InvalidRequest: Admin for a guest, who has an end date.
    """
    if role == member.role or role != Role.ADMIN or member.status == Status.INVITED or member.expires_at is None:
        return
    message = _("An Admin's access has no end. Remove the end date first.")
    raise InvalidRequest(message, field="role", code="has_end_date")


def remove(actor: Actor, member_id: uuid.UUID) -> None:
    """Remove someone who has joined: their row is deleted and their seats are free.

    Raises:
        PermissionDenied, NotFound, LastAdmin
        MemberInvited: an invitee's invitation is revoked instead.
    """
    with acting(actor, Action.REMOVE) as current:
        workspace = current.workspace
        member = lock_member(workspace, member_id)
        if member.status == Status.INVITED:
            raise MemberInvited
        _end(current, workspace, member, "member.removed")


def leave(actor: Actor) -> None:
    """Take the actor out of the workspace.

    Raises:
        PermissionDenied, NotFound, LastAdmin
    """
    require(actor, Action.LEAVE)
    if actor.membership is None:
        raise NotFound
    with acting(actor, Action.LEAVE) as current:
        workspace = current.workspace
        _end(current, workspace, lock_member(workspace, actor.membership.id), "member.left")


def _end(actor: Actor, workspace: Workspace, member: Membership, action: str) -> None:
    keep_an_admin(workspace, member)
    audit.record(actor, workspace.id, action, member, {"role": [member.role, None], "status": [member.status, None]})
    user_id = member.user_id
    member.delete()
    end_sessions([user_id])


def keep_an_admin(workspace: Workspace, member: Membership) -> None:
    """Let through what takes this member's access or role, unless nobody else is an active Admin.

    Raises:
        LastAdmin
    """
    workspace.require_lock()
    if is_last_admin(workspace, member):
        raise LastAdmin


def is_last_admin(workspace: Workspace, member: Membership) -> bool:
    """Answer whether nobody but this member is an active Admin: sure under the lock, else good for saying so early."""
    if member.role != Role.ADMIN or member.status != Status.ACTIVE:
        return False
    return not workspace.memberships.admins().exclude(id=member.id).exists()


def update_profile(user: User, *, name: str, language: str) -> None:
    """Change the person's own name and language; the name follows onto their row in every workspace, and its log.

    Raises:
        InvalidRequest: not a name.
        Unavailable: the person joined a workspace at this very moment.
    """
    name = clean_name(name)
    with acting_on_own_account(user) as workspaces:
        # Memberships before the account, as everywhere: whoever ends a membership locks in this order too.
        rows = list(user.memberships.select_for_update(no_key=True).order_by("id"))
        if any(row.workspace_id not in workspaces for row in rows):
            raise Unavailable
        renamed = [row for row in rows if row.name != name]
        user.memberships.update(name=name, sort_name=fold(name or user.email))
        AuditEvent.objects.bulk_create(_renamed(user, workspaces[row.workspace_id], row, name) for row in renamed)
        user.name, user.language = name, language
        user.save(update_fields=["name", "language"])


def _renamed(user: User, workspace: Workspace, row: Membership, name: str) -> AuditEvent:
    who = Actor(kind="user", id=user.id, name=row.name, email=row.email, workspace=workspace)
    return audit.event(who, workspace.id, "member.renamed", row, {"name": [row.name, name]})
