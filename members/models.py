"""Who belongs to which workspace."""

from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import RegexValidator
from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from members.audit import AuditEvent as AuditEvent  # as Session below
from members.clock import OrForever, OrNever
from members.ids import new_id
from members.job import Job as Job  # as Session below
from members.job import JobRow as JobRow
from members.keys import Key
from members.names import FOLDED_LENGTH, fold, lexemes_of
from members.outbox import queue
from members.outbox.pause import ProviderPause as ProviderPause  # as Session below
from members.rest.models import CallCount as CallCount
from members.rest.models import KeptAnswer as KeptAnswer
from members.session_store import Session as Session  # found here by Django, which looks for models nowhere else
from members.status import IS_EXPIRED, LIVE, MEMBER_STATUSES
from members.status import Status as Status
from members.users import User as User  # as Session below

SLUG = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])\Z",
    _("Use 2 to 32 lower-case letters, digits and hyphens; begin and end with a letter or digit."),
)


class Role(models.TextChoices):
    """What a member may do; the table is in access.py."""

    ADMIN = "admin", _("Admin")
    MEMBER = "member", _("Member")
    BILLING = "billing", _("Billing")


class Workspace(models.Model):
    """The tenant: members, subscription and seats belong to exactly one."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=100)
    slug = models.CharField(max_length=32, unique=True, validators=[SLUG])
    reminders = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    is_locked = False
    """Whether this object comes from a block of acting.py that is still open."""

    def __str__(self) -> str:
        return self.name

    def require_lock(self) -> None:
        """Raise RuntimeError unless this object is locked, which the blocks of acting.py do."""
        if not (self.is_locked and connection.in_atomic_block):
            message = "this needs the workspace's lock: call it inside `with acting(actor, Action.X) as current:`"
            raise RuntimeError(message)


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Members by their status at this moment, by the database's clock."""

    def live(self) -> Self:
        """Return members without an end date, or with one in the future."""
        return self.filter(LIVE)

    def active(self) -> Self:
        """Return members who have access."""
        return self.live().filter(status=Status.ACTIVE)

    def invited(self) -> Self:
        """Return invitees whose invitation is live."""
        return self.filter(MEMBER_STATUSES["invited"])

    def expired(self) -> Self:
        """Return invitees whose invitation has expired."""
        return self.filter(MEMBER_STATUSES["expired"])

    def with_expiry(self) -> Self:
        """Annotate ``is_expired``: whether the end has passed."""
        return self.annotate(is_expired=IS_EXPIRED)

    def admins(self) -> Self:
        """Return active Admins, not invited ones."""
        return self.active().filter(role=Role.ADMIN)

    def matching(self, workspace: Workspace, text: str) -> Self:
        """Return members with a word in name or address that starts with each word of ``text``."""
        lexemes = lexemes_of(workspace.id, text)
        return self.having(lexemes) if lexemes else self

    def having(self, lexemes: Any, *, indexed: bool = True) -> Self:
        """Return members that match the result of ``lexemes_of``; unless ``indexed``, filter row by row."""
        # Django's search lookup would parse the lexemes as words. The operator uses the index, its function never.
        words = models.Func(
            models.Value(lexemes) if isinstance(lexemes, str) else lexemes, template="%(expressions)s::tsquery"
        )
        as_written = {"template": "%(expressions)s", "arg_joiner": " @@ "} if indexed else {"function": "ts_match_vq"}
        return self.filter(models.Func(F("search"), words, output_field=models.BooleanField(), **as_written))


class Membership(models.Model):
    """A person's place in one workspace. Name and email are copies of the account's, kept in step."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="memberships")
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=100, blank=True)
    sort_name = models.CharField(max_length=FOLDED_LENGTH, editable=False)
    search = models.GeneratedField(
        expression=models.Func(
            F("workspace_id"), F("sort_name"), F("email"), function="member_lexemes", output_field=SearchVectorField()
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    role = models.CharField(max_length=8, choices=Role)
    status = models.CharField(max_length=12, choices=Status)
    expires_at = models.DateTimeField(null=True, blank=True)
    # The products a deactivated member had seats of, by slug: offered again when they are reactivated.
    seats_before = ArrayField(models.CharField(max_length=50), default=list, editable=False)
    joined_at = models.DateTimeField(null=True)
    last_active_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    # A customer's own id and labels for the person: only stored, and not unique.
    external_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    metadata = models.JSONField(blank=True, default=dict, db_default={})
    # Set by a trigger when anything changes that the API shows of a member, except last_active_at.
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("member"), _("members")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "email"], name="membership_one_per_address"),
            models.UniqueConstraint(fields=["workspace", "user"], name="membership_one_per_user"),
            models.UniqueConstraint(fields=["workspace", "id"], name="membership_tenant_key"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="membership_email_is_lower_case"),
            models.CheckConstraint(
                condition=Q(status=Status.INVITED, user=None) | (~Q(status=Status.INVITED) & Q(user__isnull=False)),
                name="membership_invited_is_without_user",
            ),
            models.CheckConstraint(
                condition=~Q(role=Role.ADMIN) | ~Q(status=Status.ACTIVE) | Q(expires_at=None),
                name="membership_active_admin_has_no_end",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_is_known"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="membership_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status=Status.INVITED) | Q(expires_at__isnull=False), name="membership_offer_has_an_end"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "sort_name", "id"], name="membership_by_name"),
            models.Index(fields=["workspace", "status", "sort_name", "id"], name="membership_by_status"),
            models.Index(fields=["workspace", "role", "sort_name", "id"], name="membership_by_role"),
            models.Index("workspace", OrNever("joined_at"), "id", name="membership_by_joining"),
            models.Index("workspace", OrNever("last_active_at"), "id", name="membership_by_activity"),
            models.Index("workspace", OrForever("expires_at"), "id", name="membership_by_end"),
            models.Index("workspace", "status", OrNever("joined_at"), "id", name="membership_status_by_joining"),
            models.Index("workspace", "status", OrNever("last_active_at"), "id", name="membership_status_by_activity"),
            models.Index(
                fields=["workspace", "status", "sort_name", "id"],
                name="membership_dated_by_name",
                condition=Q(expires_at__isnull=False),
            ),
            models.Index(
                fields=["workspace", "expires_at"], name="membership_dated", condition=Q(expires_at__isnull=False)
            ),
            models.Index(fields=["workspace", "role"], name="membership_admins", condition=Q(role=Role.ADMIN)),
            models.Index(fields=["workspace", "updated_at", "id"], name="membership_by_change"),
            models.Index(
                fields=["workspace", "external_id"], name="membership_by_external_id", condition=~Q(external_id="")
            ),
            GinIndex(fields=["search"], name="membership_search"),
            # For support staff, who look for an address in all workspaces, by how it begins.
            models.Index(fields=["email"], opclasses=["varchar_pattern_ops"], name="membership_by_email"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save with the sort key."""
        self.sort_name = fold(self.name or self.email)
        super().save(*args, **kwargs)

    @property
    def display_status(self) -> str:
        """Return the status people see: an invitee past the end is expired, a guest past it has lapsed.

        Only for members read ``with_expiry``: the database's clock decides, here as everywhere.
        """
        is_expired = vars(self)["is_expired"]
        if is_expired and self.status == Status.INVITED:
            return "expired"
        if is_expired and self.status == Status.ACTIVE:
            return "lapsed"
        return self.status


class Scope(models.TextChoices):
    """What an API key may be used for."""

    READ = "read", _("Read")
    WRITE = "write", _("Read and write")


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Keys by whether they work at this moment."""

    def with_status(self) -> Self:
        """Annotate what ``status`` is computed from."""
        owners = Membership.objects.admins().filter(workspace=OuterRef("workspace_id"), user=OuterRef("created_by_id"))
        return self.annotate(is_expired=IS_EXPIRED, owner_is_admin=Exists(owners))

    def working(self) -> Self:
        """Return active keys; the plan must include the API as well."""
        return self.with_status().filter(revoked_at=None, is_expired=False, owner_is_admin=True)


class ApiKey(Key):
    """A program's credential for one workspace, in which it acts as an Admin within its scope."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_keys", db_index=False)
    scope = models.CharField(_("scope"), max_length=5, choices=Scope)
    # The owner: the key stops while they are not an active Admin of the workspace.
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="api_keys")

    audited_as = "api_key"
    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(scope__in=Scope.values), name="api_key_scope_is_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["workspace", "-created_at", "-id"], name="api_key_newest_first")]


class AccountMail(queue.Outgoing):
    """One email about an account. It holds no secret: links are made when it is sent."""

    kind = models.CharField(max_length=30)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="account_mails")
    email = models.EmailField(max_length=254)
    language = models.CharField(max_length=8, blank=True)

    objects = queue.OutgoingQuerySet["AccountMail"].as_manager()

    class Meta:
        indexes: ClassVar = queue.indexes("account_mail")

    def __str__(self) -> str:
        return f"{self.kind} {self.email}"
