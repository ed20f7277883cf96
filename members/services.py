"""A person's profile, a workspace's settings, and ending sessions."""

import uuid
from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from members import audit
from members.access import Action, Actor, require
from members.acting import acting, acting_on_own_account
from members.errors import Unavailable
from members.models import AuditEvent, Membership, Status, User, Workspace
from members.names import clean_name, fold
from members.status import ENDED

PEOPLE_AT_ONCE = 500


def update_profile(user: User, *, name: str, language: str) -> None:
    """Change the person's own name and language; the name is copied to, and logged in, each of their workspaces."""
    name = clean_name(name)
    with acting_on_own_account(user) as workspaces:
        # Memberships are locked before the account, as everywhere.
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


def change_settings(actor: Actor, *, name: str | None = None, reminders: bool | None = None) -> Workspace:
    """Change the settings that are given and return the workspace.

    ``reminders`` says whether invitees are reminded two days before their invitation expires.
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


def end_sessions(user_ids: Collection[uuid.UUID | None]) -> None:
    """End the sessions of those of these people who have no active membership left.

    Their rows are locked before their memberships are read; otherwise someone removed from two workspaces at the same
    moment would keep their sessions.
    """
    people = User.objects.filter(id__in=[one for one in user_ids if one is not None])
    list(people.select_for_update(no_key=True).order_by("id").values_list("id"))
    left = Membership.objects.active().filter(user=OuterRef("id"))
    people.filter(~Exists(left)).update(sessions_ended_at=Now())


@transaction.atomic
def end_lapsed_sessions() -> int:
    """End the sessions of up to 500 people whose last active membership has lapsed, and return how many."""
    lapsed = Membership.objects.filter(ENDED, status=Status.ACTIVE)
    since = Q(user__sessions_ended_at=None) | Q(user__sessions_ended_at__lt=F("expires_at"))
    left = Membership.objects.active().filter(user=OuterRef("user_id"))
    found = lapsed.filter(since, ~Exists(left)).order_by().values_list("user_id").distinct()
    people = [user_id for (user_id,) in found[:PEOPLE_AT_ONCE]]
    end_sessions(people)
    return len(people)
