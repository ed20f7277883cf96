"""The only ways to lock a workspace: each says who acts, and reads their rights anew under the lock.

A request may wait for the lock while its caller is demoted, deactivated or removed. What it read at the door no longer
counts then: without the second look, it would undo the very change it waited for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.db.models import Q, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext as _

from members.access import Action, Actor, StaffMember, require, staff_permissions
from members.errors import NotFound, PermissionDenied
from members.fairness import turn
from members.models import ApiKey, Membership, Role, User, Workspace
from members.prepared import Prepared


class Offered(Protocol):
    """An offer to join, proved by the token of its link."""

    @property
    def workspace(self) -> Workspace:
        """The workspace it invites to."""


@contextmanager
def acting(actor: Actor, *actions: Action) -> Iterator[Actor]:
    """Open a transaction, lock the actor's workspace, and yield the actor as they are now, with the locked workspace.

    Every action is required twice: by what was read at the door, to refuse early, and by what is read under the lock.
    Use the actor that is yielded from there on. Given to ``acting`` again inside the block, it costs no statement.
    """
    for action in actions:
        require(actor, action)
    if actor.workspace.is_locked and connection.in_atomic_block:
        yield actor
        return
    with transaction.atomic(), _locked(actor.workspace.id) as [workspace]:
        current = _READ_ANEW[actor.kind](replace(actor, workspace=workspace))
        for action in actions:
            require(current, action)
        yield current


@contextmanager
def acting_on_offer(offer: Offered) -> Iterator[Workspace]:
    """Lock the workspace for the holder of an offer, who is no member yet; read the offer again under the lock."""
    with transaction.atomic(), _locked(offer.workspace.id) as [workspace]:
        yield workspace


@contextmanager
def acting_on_own_account(user: User, *, invited: bool = False) -> Iterator[dict[UUID, Workspace]]:
    """Lock every workspace the person has a place in, for a change of their own account; yield them by id.

    ``invited`` locks those too in which their address is only invited.
    """
    places = user.memberships.order_by("workspace_id").values_list("workspace_id", flat=True)
    with transaction.atomic(), _locked(*(sorted(places_of(user)) if invited else places)) as workspaces:
        yield {workspace.id: workspace for workspace in workspaces}


@contextmanager
def acting_on_account(staff: StaffMember, permission: str, user: User) -> Iterator[dict[UUID, Workspace]]:
    """Do the same for support, with this Django permission; it is read anew under the locks.

    Raises:
        PermissionDenied
        InvalidRequest: no reason was given.
    """
    staff.require(permission)
    with acting_on_own_account(user, invited=True) as workspaces:
        current = User.objects.select_for_update(no_key=True).filter(id=staff.id).first()
        if current is None:
            raise PermissionDenied
        replace(staff, user=current).require(permission)
        yield workspaces


def places_of(user: User) -> set[UUID]:
    """Return the ids of the workspaces that have the person, or an invitee with their address, among their members."""
    own = user.memberships.values_list("workspace_id", flat=True)
    # By workspace: no index begins with the address.
    invited = Membership.objects.filter(workspace__in=Workspace.objects.values("id"), email=user.email)
    return {*own, *invited.values_list("workspace_id", flat=True)}


@contextmanager
def _locked(*ids: UUID) -> Iterator[list[Workspace]]:
    """Lock the workspaces in the order of their ids; they count as locked until the block ends.

    Raise NotFound if one is gone, and Unavailable if half of the process's threads are writing for one of them.
    """
    with turn(*ids):
        rows = list(Workspace.objects.select_for_update(no_key=True).filter(id__in=ids).order_by("id")) if ids else []
        if len(rows) != len(ids):
            raise NotFound
        for workspace in rows:
            workspace.is_locked = True
        try:
            yield rows
        finally:
            for workspace in rows:
                workspace.is_locked = False


_active_membership = Prepared(
    lambda user, workspace: Membership.objects.active().filter(user=user, workspace=workspace, user__is_active=True)
)
_working_key = Prepared(lambda key, workspace: ApiKey.objects.working().filter(id=key, workspace=workspace))


def _user_now(actor: Actor) -> Actor:
    membership = _active_membership.first(user=actor.id, workspace=actor.workspace.id)
    if membership is None:
        raise PermissionDenied(_("You no longer have access to this workspace."))
    membership.workspace = actor.workspace
    return replace(
        actor, role=Role(membership.role), membership=membership, name=str(membership), email=membership.email
    )


def _key_now(actor: Actor) -> Actor:
    key = _working_key.first(key=actor.id, workspace=actor.workspace.id)
    if key is None:
        raise PermissionDenied("This API key no longer works.")
    return replace(actor, scope=key.scope, name=key.name)


def _staff_now(actor: Actor) -> Actor:
    # The account's row is locked too, since support's rights end without the workspace's lock.
    staff = User.objects.select_for_update(no_key=True).filter(is_active=True, is_staff=True)
    user = None if actor.id is None else staff.filter(id=actor.id).first()
    if user is None:
        raise PermissionDenied(_("You are no longer support staff."))
    held = Permission.objects.filter(Q(user=user) | Q(group__user=user)).values_list(
        Concat("content_type__app_label", Value("."), "codename"), flat=True
    )
    return replace(
        actor, permissions=staff_permissions(None if user.is_superuser else set(held)), name=str(user), email=user.email
    )


def _system_now(actor: Actor) -> Actor:
    return actor


_READ_ANEW = {"user": _user_now, "key": _key_now, "staff": _staff_now, "system": _system_now}
