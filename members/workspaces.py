"""A workspace's own settings."""

from django.db import transaction

from members import audit
from members.access import Action, Actor, require
from members.models import Workspace
from members.names import clean_name


@transaction.atomic
def change_settings(actor: Actor, *, name: str | None = None, reminders: bool | None = None) -> Workspace:
    """Change what is given and answer the workspace; what is so already changes nothing.

    ``reminders`` says whether invitees are reminded two days before their invitation expires.

    Raises:
        PermissionDenied
        InvalidRequest: not a name.
    """
    require(actor, Action.CHANGE_SETTINGS)
    wanted = {"name": None if name is None else clean_name(name), "reminders": reminders}
    workspace = Workspace.objects.lock(actor.workspace.id)
    changes = {
        field: [getattr(workspace, field), value]
        for field, value in wanted.items()
        if value is not None and value != getattr(workspace, field)
    }
    if changes:
        for field, (_before, after) in changes.items():
            setattr(workspace, field, after)
        workspace.save(update_fields=list(changes))
        audit.record(actor, workspace.id, "workspace.changed", workspace, changes)
    return workspace
