"""What support staff see of people and workspaces: all of it read-only, for every change goes through the services."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from members import audit, audit_words
from members.admin_base import ReadOnlyAdmin, SearchedByAddress, shown, workspaces_like
from members.models import AuditEvent, Membership, MembershipQuerySet, User, Workspace
from members.status import EXPIRED_LABELS

# Editing these would go past the services: a link decides who is verified, `manage.py staff` who is staff.
for model in (EmailAddress, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnlyAdmin):
    """Find a workspace by its name, its slug or a member's address."""

    list_display = ("name", "slug", "created")
    search_fields = ("name", "slug")
    search_help_text = _("Name or slug, or the address of a member")
    fields = ("name", "slug", "reminders", "created", "look_at")
    created = shown("created_at", _("Created"))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:  # noqa: ARG002 -- Django's
        """Return what was found, and that nothing is in it twice."""
        found = workspaces_like(search_term)
        return (queryset if found is None else queryset.filter(pk__in=found.values("pk"))), False

    @admin.display(description=_("Look at"))
    def look_at(self, workspace: Workspace) -> str:
        """Return links to what belongs to the workspace."""
        pages = (
            (_("Members"), "members_membership", "workspace__id__exact"),
            (_("Invitations"), "invitations_invitation", "workspace__id__exact"),
            (_("Subscription"), "billing_seats_subscription", "workspace__id__exact"),
            (_("Seats"), "billing_seats_seatpool", "workspace__id__exact"),
            (_("Audit log"), "members_auditevent", "workspace_id__exact"),
        )
        links = ((reverse(f"admin:{page}_changelist"), by, workspace.pk, label) for label, page, by in pages)
        return format_html_join(" · ", '<a href="{}?{}={}">{}</a>', links)


@admin.register(Membership)
class MembershipAdmin(SearchedByAddress, ReadOnlyAdmin):
    """Find a member by address, or by name within a workspace."""

    linked_by = ("workspace__id__exact",)
    search_help_text = _("Start of an address, or the slug of a workspace and a name in it")
    list_display = ("email", "name", "workspace", "status_label", "role", "last_active")
    list_filter = ("status", "role")
    list_select_related = ("workspace",)
    fields = (
        "email", "name", "workspace", "user", "status_label", "role", "seats_held",
        "ends", "joined", "last_active", "created",
    )  # fmt: skip
    ends, joined = shown("expires_at", _("End date")), shown("joined_at", _("Joined"))
    last_active, created = shown("last_active_at", _("Last active")), shown("created_at", _("Created"))

    def get_queryset(self, request: HttpRequest) -> MembershipQuerySet:
        """Read along whether they have expired, by the database's clock."""
        rows: MembershipQuerySet = super().get_queryset(request).with_expiry()
        return rows

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Return what was found: after the slug of a workspace, by the words that its own Members page looks for."""
        slug, _space, text = search_term.strip().partition(" ")
        workspace = Workspace.objects.filter(slug=slug.lower()).first() if text.strip() else None
        if workspace is not None:
            return queryset.filter(workspace=workspace).matching(workspace, text), False
        return super().get_search_results(request, queryset, search_term)

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

    list_display = ("email", "name", "usable", "staff", "since")
    search_fields = ("email",)
    search_help_text = _("Start of an address")
    fields = ("email", "name", "language", "verified", "usable", "staff", "since", "places")
    since = shown("date_joined", _("Created"))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:  # noqa: ARG002 -- Django's
        """Return what was found, and that nothing is in it twice."""
        term = search_term.strip().lower()
        return (queryset.filter(email__startswith=term) if term else queryset), False

    @admin.display(description=_("Can sign in"), boolean=True)
    def usable(self, user: User) -> bool:
        """Return whether the account is not closed."""
        return user.is_active

    @admin.display(description=_("Support staff"), boolean=True)
    def staff(self, user: User) -> bool:
        """Return whether Django admin is open to them."""
        return user.is_staff

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


class ByStaffFilter(admin.SimpleListFilter):
    """What support staff did. Django's own filter would read the whole log for the choices."""

    title, parameter_name = _("who did it"), "actor_type__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 -- Django's
        """Return the choices: an index leads to this one."""
        return [("staff", _("Support staff"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:  # noqa: ARG002 -- Django's
        """Return what was chosen."""
        return queryset.filter(actor_type="staff") if self.value() == "staff" else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Look through what was done, by whom and to whom."""

    linked_by = ("workspace_id__exact",)
    list_display = ("when", "what", "who", "target", "workspace", "why")
    list_filter = (ByStaffFilter,)
    search_fields = ("target_label",)
    search_help_text = _("An email address, the slug of a workspace, or a request ID")
    fields = (
        "when", "workspace", "what", "action", "who", "actor_id", "target", "target_id", "changes_told", "why",
        "request_told",
    )  # fmt: skip
    when, why = shown("occurred_at", _("When")), shown("reason", _("Reason"))
    target, request_told = shown("target_label", _("Target")), shown("request_id", _("Request ID"))

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the order of the index that serves the list: of one workspace, or of all."""
        return ("-occurred_at", "-id") if "workspace_id__exact" in request.GET else ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        """Bring the slug along: the log itself has no foreign keys, and outlives the workspace."""
        slug = Workspace.objects.filter(pk=OuterRef("workspace_id")).values("slug")
        events: QuerySet[AuditEvent] = super().get_queryset(request).annotate(slug=Subquery(slug))
        return events

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:  # noqa: ARG002 -- Django's
        """Return what was found, and that nothing is in it twice: each way is led by an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if "@" in term:
            return queryset.filter(_about(term.lower())), False
        workspace = Workspace.objects.filter(slug=term.lower()).first()
        if workspace is not None:
            return queryset.filter(workspace_id=workspace.pk), False
        return queryset.filter(request_id=term).exclude(request_id=""), False

    @admin.display(description=_("What"))
    def what(self, event: AuditEvent) -> str:
        """Return the event in words."""
        return audit_words.title(event)

    @admin.display(description=_("By"))
    def who(self, event: AuditEvent) -> str:
        """Return who did it, and whether for support or by a key."""
        label, kind = audit_words.actor(event)
        return f"{label} ({kind})" if kind else label or "-"

    @admin.display(description=_("Changes"))
    def changes_told(self, event: AuditEvent) -> str:
        """Return what was changed, one thing a line."""
        told = audit_words.changes(event, {})
        rows = ((change.field, change.before or _("none"), change.after) for change in told)
        return format_html_join("", "<p>{}: {} → {}</p>", rows) or "-"

    @admin.display(description=_("Workspace"))
    def workspace(self, event: AuditEvent) -> str:
        """Return the slug, or the id of a workspace that is gone."""
        if event.workspace_id == audit.INSTALLATION:
            return str(_("All workspaces"))
        return getattr(event, "slug", None) or str(event.workspace_id)


def _about(address: str) -> Q:
    """Return what finds the events about an address, and by whom it belongs to in the workspaces that they are in."""
    users = list(User.objects.filter(email=address).values_list("pk", flat=True))
    places = list(Membership.objects.filter(user__in=users).values_list("workspace_id", flat=True))
    return Q(target_label=address) | Q(workspace_id__in=[audit.INSTALLATION, *places], actor_id__in=users)


def history_of(workspace: Workspace, *targets: Model | None) -> str:
    """Return the events about these rows of a workspace as an HTML list, oldest first, for a read-only field."""
    ids = [target.pk for target in targets if target is not None]
    events = AuditEvent.objects.filter(workspace_id=workspace.pk, target_id__in=ids).order_by("occurred_at", "id")
    rows = (
        (event.occurred_at.isoformat(timespec="seconds"), f"{event.occurred_at:%Y-%m-%d %H:%M:%S}",
         audit_words.title(event), event.actor_label, event.reason)
        for event in events
    )  # fmt: skip
    items = format_html_join("", '<li><time datetime="{}">{}</time> · {} · {} <em>{}</em></li>', rows)
    return format_html("<ol>{}</ol>", items) if items else "-"
