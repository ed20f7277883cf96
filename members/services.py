"""A person's own profile."""

from members import audit
from members.access import Actor
from members.acting import acting_on_own_account
from members.errors import Unavailable
from members.models import AuditEvent, Membership, User, Workspace
from members.names import clean_name, fold
from members.signouts import end_sessions as end_sessions


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
