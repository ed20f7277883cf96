"""What all pages of Django admin share: narrow lists, searches that an index answers, reasons, what services refuse."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import localize
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminTextareaWidget

from members.access import Actor, staff_actor
from members.errors import DomainError
from members.models import Membership, User, Workspace


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # -- takes no type at run time
    """Counts a thousand rows and no more: to count all reads all. Who looks for something searches."""

    most = 1_000
    template_name = "admin/bounded_pagination.html"

    @cached_property
    def count(self) -> int:
        """How many there are, up to the most that are listed."""
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[: self.most].count()


def shown(field: str, label: Any) -> Callable[[Any, Any], Any]:
    """Return a column for a field, under the word that the console's own pages have for it."""

    @admin.display(description=label)
    def column(_page: Any, row: Any) -> Any:
        value = getattr(row, field)
        return localize(localtime(value)) if isinstance(value, datetime) else value

    return column


class SupportAdmin(ModelAdmin):  # type: ignore[misc]  # -- unfold ships no types
    """Lists narrowed down by their filters only.

    Django lets the address of a list ask about any column, and about keys of rows that point here: with ``startswith``,
    whoever may look at users could read password hashes and session keys letter by letter.
    """

    linked_by: tuple[str, ...] = ()
    """Lookups by which other pages link to the list."""
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    paginator = BoundedPaginator

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:  # noqa: ARG002 -- Django's
        """Return whether the URL may filter by this lookup."""
        asked = {f"{name}{end}" for name in self.list_filter for end in ("__exact", "__isnull", "__id__exact")}
        own = {getattr(one, "parameter_name", None) for one in self.list_filter}
        return lookup in {*asked, *own, *self.linked_by}


class FixedOrder(ChangeList):  # type: ignore[misc]  # -- as above
    """A list in one order only: to sort by another column, Postgres would read all rows."""

    def get_ordering_field(self, field_name: Any) -> None:
        """No column: neither of a heading nor of a made-up address."""


class ReadOnlyAdmin(SupportAdmin):
    """Rows to look at: nobody, not even a superuser, adds, changes or deletes them here."""

    actions: tuple[str, ...] | None = None
    # The newest first: ids are made in order of time, and no other index covers all workspaces.
    ordering = ("-pk",)
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ARG002 -- Django's
        """Return the list that keeps its order."""
        return FixedOrder

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


class SearchedByWorkspace(SupportAdmin):
    """A list of what workspaces have one of: found by the workspace, or the address of one of its members."""

    search_fields = ("workspace__name",)
    search_help_text = _("Name or slug of a workspace, or the address of a member")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:  # noqa: ARG002 -- Django's
        """Return what was found, and that nothing is in it twice."""
        found = workspaces_like(search_term)
        return (queryset if found is None else queryset.filter(workspace__in=found)), False


class SearchedByAddress(SupportAdmin):
    """A list of people: found by how their address begins, or all those of a workspace by its slug.

    Django would look for the text anywhere in several columns, and read all rows of all workspaces for it.
    """

    search_fields = ("email",)
    search_help_text = _("Start of an address, or the slug of a workspace")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:  # noqa: ARG002 -- Django's
        """Return what was found, and that nothing is in it twice."""
        term = search_term.strip().lower()
        workspace = Workspace.objects.filter(slug=term).first() if term else None
        if workspace is not None:
            return queryset.filter(workspace=workspace), False
        return (queryset.filter(email__startswith=term) if term else queryset), False


def workspaces_like(term: str) -> QuerySet[Workspace] | None:
    """Return the workspaces with this in their name or slug, or with a member of this address; None for no text."""
    term = term.strip().lower()
    if not term:
        return None
    if "@" in term:
        members = Membership.objects.filter(email__startswith=term)
        return Workspace.objects.filter(pk__in=members.values("workspace"))
    return Workspace.objects.filter(Q(name__icontains=term) | Q(slug__contains=term))
