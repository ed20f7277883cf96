"""A workspace's own settings."""

from members import audit
from members.access import Action, Actor, require
from members.acting import acting
from members.models import Workspace
from members.names import clean_name


def change_settings(actor: Actor, *, name: str | None = None, reminders: bool | None = None) -> Workspace:
    """Change what is given and answer the workspace; what is so already changes nothing.

    ``reminders`` says whether invitees are reminded two days before their invitation expires.

    Raises:
        PermissionDenied
        InvalidRequest: not a name.
    """
    require(actor, Action.CHANGE_SETTINGS)
    wanted = {"name": None if name is None else clean_name(name), "reminders": reminders}
    with acting(actor, Action.CHANGE_SETTINGS) as current:
        workspace = current.workspace
        changes = {
            field: [getattr(workspace, field), value]
            for field, value in wanted.items()
            if value is not None and value != getattr(workspace, field)
        }
        if changes:
            for field, (_before, after) in changes.items():
                setattr(workspace, field, after)
            workspace.save(update_fields=list(changes))
            audit.record(current, workspace.id, "workspace.changed", workspace, changes)
        return workspace
