"""Sign-in accounts."""

from typing import Any, ClassVar, cast

from allauth.account.models import EmailAddress
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower, Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from members.ids import new_id


class UserManager(BaseUserManager["User"]):
    """Accounts by address."""

    def claimed(self) -> models.QuerySet["User"]:
        """Return the accounts that count as somebody's.

        The address was verified, or the account is staff's, belongs to a workspace, or was closed by support. Any
        other was created with an address that nobody has proved to be theirs: it gives way to whoever does.
        """
        verified = EmailAddress.objects.filter(user=OuterRef("pk"), email=OuterRef("email"), verified=True)
        places = self.filter(pk=OuterRef("pk"), memberships__isnull=False)
        kept = Q(is_active=False) | Q(is_staff=True) | Q(is_superuser=True)
        return self.filter(Exists(verified) | Exists(places) | kept)

    def unclaimed(self) -> models.QuerySet["User"]:
        """Return all accounts that are not ``claimed``."""
        return self.exclude(pk__in=self.claimed().values("pk"))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an account; the address must already be canonical."""
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an account with every permission in Django admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """One person's sign-in account; it may belong to many workspaces."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(_("email"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(db_default=Now())
    last_workspace = models.ForeignKey("members.Workspace", on_delete=models.SET_NULL, null=True, related_name="+")
    # How they like their lists: rows close together, and keys that act on them.
    compact_rows = models.BooleanField(default=False, db_default=False)
    shortcuts = models.BooleanField(_("keyboard shortcuts"), default=True, db_default=True)
    sessions_ended_at = models.DateTimeField(null=True, editable=False)

    USERNAME_FIELD = "email"
    objects = UserManager()

    class Meta:
        verbose_name, verbose_name_plural = _("account"), _("accounts")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_is_lower_case"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def email_verified(self) -> bool:
        """Whether the address was proved to be the person's."""
        return bool(EmailAddress.objects.filter(user=self, email=self.email, verified=True).exists())

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return the hash that a session must carry; a new password or ending sessions changes it."""
        of_password = cast("str", super()._get_session_auth_hash(secret))  # type: ignore[misc]  # -- the stubs lack it
        if self.sessions_ended_at is None:
            return of_password
        value = f"{of_password}{self.sessions_ended_at.timestamp()}"
        return salted_hmac("members.sessions_ended", value, secret=secret, algorithm="sha256").hexdigest()
