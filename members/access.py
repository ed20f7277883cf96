"""Who may do what: the one role table, and the caller whose rights are read from it."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache

from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.errors import InvalidRequest, NotFound, PermissionDenied
from members.models import ApiKey, Membership, Role, Scope, User, Workspace
from members.names import with_address
from members.prepared import Prepared


class Action(StrEnum):
    """What can be done in a workspace."""

    VIEW_MEMBERS = "view_members"
    VIEW_SUBSCRIPTION = "view_subscription"
    VIEW_ENTITLEMENTS = "view_entitlements"
    VIEW_AUDIT = "view_audit"
    VIEW_DELIVERIES = "view_deliveries"
    INVITE = "invite"
    RESEND = "resend"
    REVOKE = "revoke"
    EDIT_INVITATION = "edit_invitation"
    CHANGE_ROLE = "change_role"
    GIVE_SEAT = "give_seat"
    TAKE_SEAT = "take_seat"
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    SET_END = "set_end"
    REMOVE = "remove"
    CHANGE_SUBSCRIPTION = "change_subscription"
    CHANGE_SETTINGS = "change_settings"
    MANAGE_API_KEYS = "manage_api_keys"
    LEAVE = "leave"


ADMIN_ONLY = frozenset({Role.ADMIN})
ADMIN_AND_BILLING = frozenset({Role.ADMIN, Role.BILLING})
EVERYONE = frozenset(Role)

ROLE_TABLE: dict[Action, frozenset[Role]] = {
    Action.VIEW_MEMBERS: ADMIN_AND_BILLING,
    Action.VIEW_SUBSCRIPTION: ADMIN_AND_BILLING,
    Action.VIEW_ENTITLEMENTS: ADMIN_ONLY,
    Action.VIEW_AUDIT: ADMIN_ONLY,
    Action.VIEW_DELIVERIES: ADMIN_ONLY,
    Action.INVITE: ADMIN_ONLY,
    Action.RESEND: ADMIN_ONLY,
    Action.REVOKE: ADMIN_ONLY,
    Action.EDIT_INVITATION: ADMIN_ONLY,
    Action.CHANGE_ROLE: ADMIN_ONLY,
    Action.GIVE_SEAT: ADMIN_ONLY,
    Action.TAKE_SEAT: ADMIN_ONLY,
    Action.DEACTIVATE: ADMIN_ONLY,
    Action.REACTIVATE: ADMIN_ONLY,
    Action.SET_END: ADMIN_ONLY,
    Action.REMOVE: ADMIN_ONLY,
    Action.CHANGE_SUBSCRIPTION: ADMIN_AND_BILLING,
    Action.CHANGE_SETTINGS: ADMIN_ONLY,
    Action.MANAGE_API_KEYS: ADMIN_ONLY,
    Action.LEAVE: EVERYONE,
}

ACTION_LABELS = {
    Action.VIEW_MEMBERS: gettext_lazy("See the members list and invitations"),
    Action.VIEW_SUBSCRIPTION: gettext_lazy("See the subscription, seats bought and used"),
    Action.VIEW_ENTITLEMENTS: gettext_lazy("Ask over the API who may open a product"),
    Action.VIEW_AUDIT: gettext_lazy("See and export the audit log"),
    Action.VIEW_DELIVERIES: gettext_lazy("See what became of invitation emails"),
    Action.INVITE: gettext_lazy("Invite people"),
    Action.RESEND: gettext_lazy("Resend invitations"),
    Action.REVOKE: gettext_lazy("Revoke invitations"),
    Action.EDIT_INVITATION: gettext_lazy("Edit pending invitations"),
    Action.CHANGE_ROLE: gettext_lazy("Change roles"),
    Action.GIVE_SEAT: gettext_lazy("Give seats"),
    Action.TAKE_SEAT: gettext_lazy("Take seats"),
    Action.DEACTIVATE: gettext_lazy("Deactivate members"),
    Action.REACTIVATE: gettext_lazy("Reactivate members"),
    Action.SET_END: gettext_lazy("Set the day on which access ends"),
    Action.REMOVE: gettext_lazy("Remove members"),
    Action.CHANGE_SUBSCRIPTION: gettext_lazy("Change plan and seat quantities, where self-service is on"),
    Action.CHANGE_SETTINGS: gettext_lazy("Change the workspace’s settings"),
    Action.MANAGE_API_KEYS: gettext_lazy("Make, revoke and take over API keys"),
    Action.LEAVE: gettext_lazy("Leave the workspace"),
}

UUID_LENGTH = 36
ACTIVITY_STEP = timedelta(minutes=10)
_READING = frozenset(action for action in Action if action.startswith("view_"))
PEOPLE_ONLY = frozenset({Action.MANAGE_API_KEYS, Action.LEAVE})
"""Only for signed-in people: a key can't create keys, so a lost one can't outlive its expiry."""
STAFF_PERMISSIONS = {
    Action.VIEW_MEMBERS: "members.view_membership",
    Action.VIEW_SUBSCRIPTION: "billing_seats.view_subscription",
    Action.VIEW_AUDIT: "members.view_auditevent",
    Action.VIEW_DELIVERIES: "invitations.view_invitation",
    Action.RESEND: "invitations.change_invitation",
    Action.REVOKE: "invitations.change_invitation",
    Action.EDIT_INVITATION: "invitations.change_invitation",
    Action.CHANGE_SUBSCRIPTION: "billing_seats.change_subscription",
    Action.TAKE_SEAT: "billing_seats.change_subscription",
}
"""What support staff may do, and the Django permission each action needs."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who is calling, in which workspace, with which rights: read from the database for this one request."""

    kind: str
    id: uuid.UUID | None
    name: str
    workspace: Workspace
    role: Role | None = None
    membership: Membership | None = None
    email: str = ""
    scope: str = ""
    reason: str = ""
    permissions: frozenset[Action] = frozenset()

    @property
    def label(self) -> str:
        """The name with the address, for the audit log: a name alone can be anybody's."""
        return with_address(self.name, self.email)

    def may(self, action: Action) -> bool:
        """Return whether the role, key scope or staff permissions allow the action."""
        if self.kind == "user":
            return self.role in ROLE_TABLE[action]
        if self.kind == "key":
            within = self.scope == Scope.WRITE or action in _READING
            return within and Role.ADMIN in ROLE_TABLE[action] and action not in PEOPLE_ONLY
        return action in self.permissions


def require(actor: Actor, action: Action) -> None:
    """Raise PermissionDenied, naming what is needed, unless the actor may do this.

    Raise InvalidRequest if staff change something without a reason.
    """
    if not actor.may(action):
        raise PermissionDenied(_needed(actor, action))
    if actor.kind == "staff" and action not in _READING and not actor.reason.strip():
        raise InvalidRequest(_("Give a reason."), field="reason", code="required")


def _needed(actor: Actor, action: Action) -> str:
    """Return what the action requires and the actor lacks, in words."""
    if actor.kind == "product":
        return "A product key only asks who may open its product."
    if actor.kind == "key" and action in PEOPLE_ONLY:
        return "An API key cannot do this. Sign in to the console."
    if actor.kind == "key":
        return "This needs an API key with the scope write."
    roles = " / ".join(str(role.label) for role in Role if role in ROLE_TABLE[action])
    return _("This needs the role %(roles)s. Ask an Admin of the workspace.") % {"roles": roles}


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound from None


def named(workspace: str) -> dict[str, object]:
    """Return the lookup of a workspace by the slug or id in a request's path; raise NotFound if it can be neither."""
    # An id is written in 36 characters and a slug has at most 32: neither can pass for the other.
    return {"id": _id(workspace)} if len(workspace) == UUID_LENGTH else {"slug": workspace}


def _note_activity(user: User, membership: Membership) -> None:
    """Save the workspace last used, and when the member was last active, in steps of ten minutes."""
    if user.last_workspace_id != membership.workspace_id:
        user.last_workspace = membership.workspace
        user.save(update_fields=["last_workspace"])
    seen = membership.last_active_at
    if seen is None or seen < timezone.now() - ACTIVITY_STEP:
        Membership.objects.filter(id=membership.id).update(last_active_at=Now())


@cache
def _membership(field: str, related: tuple[str, ...]) -> Prepared[Membership]:
    """Return the query for a person's active membership, with its workspace and related rows of the workspace."""
    rows = Membership.objects.active().select_related("workspace", *(f"workspace__{one}" for one in related))
    return Prepared(lambda user, value: rows.filter(user=user, **{f"workspace__{field}": value}))


def actor_for(user: User, workspace: str, *beside: str) -> Actor:
    """Return the signed-in person as an actor in the workspace, or raise NotFound: the single door to tenant data.

    ``beside`` names rows that every workspace has one of, such as its subscription, to read along with it.
    """
    [(field, value)] = named(workspace).items()
    membership = next(iter(_membership(field, beside).read(user=user.id, value=value)), None)
    if membership is None:
        raise NotFound
    _note_activity(user, membership)
    return Actor(
        kind="user",
        id=user.id,
        name=str(user),
        email=user.email,
        workspace=membership.workspace,
        role=Role(membership.role),
        membership=membership,
    )


def key_actor(key: ApiKey, workspace: str) -> Actor:
    """Return an active API key as an actor in its own workspace, with an Admin's rights within its scope."""
    if any(getattr(key.workspace, field) != value for field, value in named(workspace).items()):
        raise NotFound
    return Actor(kind="key", id=key.id, name=key.name, workspace=key.workspace, role=Role.ADMIN, scope=key.scope)


def staff_permissions(held: Collection[str] | None) -> frozenset[Action]:
    """Return what staff with these Django permissions may do; None stands for a superuser, who may do everything."""
    return frozenset(action for action, needed in STAFF_PERMISSIONS.items() if held is None or needed in held)


def staff_actor(user: User, workspace: Workspace, reason: str = "") -> Actor:
    """Return a support staff member as an actor, with their permissions and the reason they gave."""
    allowed = staff_permissions(None if user.is_superuser else user.get_all_permissions()) if user.is_staff else ()
    return Actor(
        kind="staff",
        id=user.id,
        name=str(user),
        email=user.email,
        workspace=workspace,
        reason=reason,
        permissions=frozenset(allowed),
    )


def system_actor(workspace: Workspace) -> Actor:
    """Return the system as an actor, for commands that act on nobody's behalf."""
    return Actor(kind="system", id=None, name="system", workspace=workspace, permissions=frozenset(Action))


@dataclass(frozen=True)
class StaffMember:
    """A staff member acting on the whole installation: the catalogue, product keys. The audit log records them."""

    user: User
    reason: str
    kind: str = "staff"

    @property
    def id(self) -> uuid.UUID:
        """The id of their account."""
        return self.user.id

    @property
    def label(self) -> str:
        """Their name and address at this moment."""
        return with_address(str(self.user), self.user.email)

    def require(self, permission: str) -> None:
        """Raise PermissionDenied without this Django permission, and InvalidRequest without a reason."""
        if not (self.user.is_staff and self.user.has_perm(permission)):
            raise PermissionDenied
        if not self.reason.strip():
            raise InvalidRequest(_("Give a reason."), field="reason", code="required")
