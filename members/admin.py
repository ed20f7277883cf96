"""What support staff see of people and workspaces: all of it read-only, for every change goes through the services."""

from typing import Any, cast

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from members.access import Actor, staff_actor
from members.errors import DomainError
from members.models import AuditEvent, Membership, MembershipQuerySet, User, Workspace
from members.status import EXPIRED_LABELS

# Editing these would go past the services: a link decides who is verified, `manage.py staff` who is staff.
for model in (EmailAddress, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class SupportAdmin(ModelAdmin):  # type: ignore[misc]  # -- unfold ships no types
    """Lists narrowed down by their filters only.

    Django lets the address of a list ask about any column, and about keys of rows that point here: with ``startswith``,
    whoever may look at users could read password hashes and session keys letter by letter.
    """

    linked_by: tuple[str, ...] = ()
    """Relations by which other pages link to the list."""

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:  # noqa: ARG002 -- Django's
        """Return whether the URL may filter by this lookup."""
        asked = {f"{name}{end}" for name in self.list_filter for end in ("__exact", "__isnull", "__id__exact")}
        return lookup in asked | {f"{name}__id__exact" for name in self.linked_by}


class ReadOnlyAdmin(SupportAdmin):
    """Rows to look at: nobody, not even a superuser, adds, changes or deletes them here."""

    actions: tuple[str, ...] | None = None
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 -- Django's
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 -- Django's
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 -- Django's
        """Never."""
        return False


class ReasonField(forms.CharField):
    """Why a staff member does this; it stands in the audit log next to their name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Reason"),
            help_text=_("Stands in the workspace's audit log under your name."),
            max_length=500,
            widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
            **kwargs,
        )


def as_staff(request: HttpRequest, workspace: Workspace, reason: str) -> Actor:
    """Return the request's staff member as an actor."""
    return staff_actor(cast("User", request.user), workspace, reason)


class ServiceAdmin(SupportAdmin):
    """A form saved by a service: what the service refuses is said, and nothing of it is kept."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form; a domain error has already rolled the transaction back when it is caught here."""
        try:
            response: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as error:
            self.message_user(request, str(error.message), messages.ERROR)
            return redirect(request.get_full_path())
        return response


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnlyAdmin):
    """Find a workspace by its name, its slug or a member's address."""

    list_display = ("name", "slug", "created_at")
    search_fields = ("name", "slug", "memberships__email")
    search_help_text = _("Name, slug, or the address of a member")
    fields = ("name", "slug", "reminders", "created_at", "look_at")

    @admin.display(description=_("Look at"))
    def look_at(self, workspace: Workspace) -> str:
        """Return links to what belongs to the workspace."""
        pages = (
            (_("Members"), "members_membership"),
            (_("Invitations"), "invitations_invitation"),
            (_("Subscription"), "billing_seats_subscription"),
            (_("Seats"), "billing_seats_seatpool"),
        )
        links = ((reverse(f"admin:{page}_changelist"), workspace.pk, label) for label, page in pages)
        return format_html_join(" · ", '<a href="{}?workspace__id__exact={}">{}</a>', links)


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Find a member by address or name."""

    linked_by = ("workspace",)
    list_display = ("email", "name", "workspace", "status_label", "role", "last_active_at")
    list_filter = ("status", "role")
    list_select_related = ("workspace",)
    search_fields = ("email", "name", "workspace__slug")
    search_help_text = _("Address, name, or the slug of a workspace")
    fields = (
        "email", "name", "workspace", "user", "status_label", "role", "seats_held",
        "expires_at", "joined_at", "last_active_at", "created_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> MembershipQuerySet:
        """Read along whether they have expired, by the database's clock."""
        rows: MembershipQuerySet = super().get_queryset(request).with_expiry()
        return rows

    @admin.display(description=_("Status"))
    def status_label(self, member: Membership) -> str:
        """Return the status as the Members page shows it."""
        return str(EXPIRED_LABELS.get(member.display_status, member.get_status_display()))

    @admin.display(description=_("Seats"))
    def seats_held(self, member: Membership) -> str:
        """Return the names of the products."""
        return (
            ", ".join(
                str(seat) for seat in member.seats.filter(workspace=member.workspace_id).select_related("product")
            )
            or "-"
        )


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """Find an account by address."""

    list_display = ("email", "name", "is_active", "is_staff", "date_joined")
    search_fields = ("email", "name")
    search_help_text = _("Address or name")
    fields = ("email", "name", "language", "verified", "is_active", "is_staff", "date_joined", "places")

    @admin.display(description=_("Address verified"), boolean=True)
    def verified(self, user: User) -> bool:
        """Return whether the address is verified."""
        return user.email_verified

    @admin.display(description=_("Workspaces"))
    def places(self, user: User) -> str:
        """Return a link to each of the person's memberships."""
        rows = user.memberships.select_related("workspace")
        links = ((reverse("admin:members_membership_change", args=[row.pk]), row.workspace) for row in rows)
        return format_html_join(", ", '<a href="{}">{}</a>', links) or "-"


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Look through what was done, by whom and to whom."""

    list_display = ("occurred_at", "action", "actor_label", "target_label", "workspace", "reason")
    list_filter = ("actor_type",)
    search_fields = ("actor_label", "target_label", "action", "request_id")
    search_help_text = _("Who did it, to whom, or what was done")
    ordering = ("-occurred_at", "-id")
    fields = (
        "occurred_at", "workspace", "action", "actor_type", "actor_label", "actor_id",
        "target_type", "target_label", "target_id", "changes", "reason", "request_id",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        """Bring the slug along: the log itself has no foreign keys, and outlives the workspace."""
        slug = Workspace.objects.filter(pk=OuterRef("workspace_id")).values("slug")
        events: QuerySet[AuditEvent] = super().get_queryset(request).annotate(slug=Subquery(slug))
        return events

    @admin.display(description=_("Workspace"))
    def workspace(self, event: AuditEvent) -> str:
        """Return the slug, or the id of a workspace that is gone."""
        return getattr(event, "slug", None) or str(event.workspace_id)


def history_of(*targets: Model | None) -> str:
    """Return the events about these rows as an HTML list, oldest first, for a read-only field."""
    ids = [target.pk for target in targets if target is not None]
    events = AuditEvent.objects.filter(target_id__in=ids).order_by("occurred_at", "id")
    rows = (
        (event.occurred_at.isoformat(timespec="seconds"), f"{event.occurred_at:%Y-%m-%d %H:%M:%S}", event.action,
         event.actor_label, event.reason)
        for event in events
    )  # fmt: skip
    items = format_html_join("", '<li><time datetime="{}">{}</time> · {} · {} <em>{}</em></li>', rows)
    return format_html("<ol>{}</ol>", items) if items else "-"
