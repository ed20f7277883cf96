"""What support staff see and change of plans, seats and the catalogue."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from billing_seats import catalogue
from billing_seats.admin_previews import Preview, PreviewedAdmin
from billing_seats.keys.admin import ProductKeyAdmin as ProductKeyAdmin
from billing_seats.models import Product, SeatPool, Subscription
from billing_seats.plans import Plan
from billing_seats.subscription import services
from billing_seats.subscription.forms import Confirmation
from billing_seats.subscription.previews import count_of_product, preview_plan, preview_seats
from billing_seats.subscription.services import Shown
from members.access import StaffMember
from members.admin_base import ReasonField, SearchedByWorkspace, ServiceAdmin, as_staff
from members.models import User, Workspace


class NoDeleting(ModelAdmin):  # type: ignore[misc]  # -- unfold ships no types
    """Rows that others rest on."""

    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 -- Django's
        """Never."""
        return False


class ProductForm(forms.ModelForm):  # type: ignore[type-arg]  # -- takes no type at run time
    """A product, and why it is so."""

    reason = ReasonField()

    class Meta:
        model = Product
        fields = ("name", "slug", "description", "url", "retired", "entitlement_max_age")


@admin.register(Product)
class ProductAdmin(ServiceAdmin, NoDeleting):
    """The catalogue. A product that is no longer sold is retired, not deleted: its seats remain."""

    form = ProductForm

    list_display = ("name", "slug", "retired")
    list_filter = ("retired",)
    search_fields = ("name", "slug")
    fields = (*ProductForm.Meta.fields, "reason")

    def get_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[str, ...]:
        """Ask for a reason only those who may change something."""
        return self.fields if obj is None or self.has_change_permission(request, obj) else self.fields[:-1]

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[str, ...]:  # noqa: ARG002 -- Django's
        """Keep the slug once it is there: scripts and invitations name products by it."""
        return ("slug",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Product, form: forms.Form, change: bool) -> None:  # noqa: FBT001 -- Django's
        """Have the service write the product."""
        who = StaffMember(cast("User", request.user), form.cleaned_data["reason"])
        (catalogue.change_product if change else catalogue.add_product)(who, obj)


def _losses(subscription: Subscription) -> Any:
    """Return the preview of the chosen plan if anything is lost by it."""
    workspace = Workspace.objects.select_related("subscription").get(pk=subscription.workspace_id)
    preview = preview_plan(workspace, Plan(subscription.plan))
    return preview if preview.losses else None


def _shortage(pool: SeatPool) -> Any:
    """Return the preview of the quantity if it is less than is in use."""
    count = count_of_product(pool.workspace, pool.product.slug)
    return preview_seats(pool.workspace, count, pool.purchased) if pool.purchased < count.taken else None


class SubscriptionForm(forms.ModelForm):  # type: ignore[type-arg]  # -- takes no type at run time
    """Plan and reason."""

    reason = ReasonField()

    class Meta:
        model = Subscription
        fields = ("plan",)


@admin.register(Subscription)
class SubscriptionAdmin(SearchedByWorkspace, PreviewedAdmin, NoDeleting):
    """A workspace's plan, changed through the service; a smaller one after a look at what will be missed."""

    linked_by = ("workspace__id__exact",)
    preview = Preview("admin/plan_preview.html", _losses)
    form = SubscriptionForm
    list_display = ("workspace", "plan", "status", "renews_on")
    list_filter = ("plan", "status")
    list_select_related = ("workspace",)
    fields = ("workspace", "plan", "status", "renews_on", "reason")
    readonly_fields = ("workspace", "status", "renews_on")

    def get_fields(self, request: HttpRequest, obj: Subscription | None = None) -> tuple[str, ...]:
        """Ask for a reason only those who may change something."""
        return self.fields if self.has_change_permission(request, obj) else self.fields[:-1]

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 -- Django's
        """Never: a workspace is opened with its subscription."""
        return False

    def save_model(self, request: HttpRequest, obj: Subscription, form: forms.Form, change: bool) -> None:  # noqa: ARG002, FBT001 -- Django's
        """Have the service change the plan."""
        services.change_plan(as_staff(request, obj.workspace, form.cleaned_data["reason"]), obj.plan)


class WorkspaceSelect(AutocompleteSelect):
    """Django's, which fails while it shows a choice again that is no id."""

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> Any:
        """Return the options for the chosen ids, ignoring what is no id."""
        return super().optgroups(name, [one for one in value if _is_id(one)], attrs)


def _is_id(text: str) -> bool:
    try:
        Workspace._meta.pk.to_python(text)  # noqa: SLF001 -- public by its documentation
    except ValidationError:
        return False
    return True


class SeatPoolForm(forms.ModelForm):  # type: ignore[type-arg]  # -- takes no type at run time
    """Quantity and reason."""

    reason = ReasonField()

    class Meta:
        model = SeatPool
        fields = ("workspace", "product", "purchased")


@admin.register(SeatPool)
class SeatPoolAdmin(SearchedByWorkspace, PreviewedAdmin, NoDeleting):
    """How many seats of a product were bought, changed through the service; too few, after a look at whose they are."""

    linked_by = ("workspace__id__exact",)
    preview = Preview("admin/seats_preview.html", _shortage)
    form = SeatPoolForm
    list_display = ("workspace", "product", "purchased", "assigned")
    list_filter = ("product",)
    list_select_related = ("workspace", "product")
    autocomplete_fields = ("workspace",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer what is sold: nobody buys a first seat of a retired product."""
        if db_field.name == "product":
            kwargs["queryset"] = Product.objects.filter(retired=False)
        else:
            kwargs["widget"] = WorkspaceSelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_fields(self, request: HttpRequest, obj: SeatPool | None = None) -> tuple[str, ...]:
        """Ask for a reason only those who may change something."""
        fields = ("workspace", "product", "purchased", "assigned")
        return (*fields, "reason") if self.has_change_permission(request, obj) else fields

    def get_readonly_fields(self, request: HttpRequest, obj: SeatPool | None = None) -> tuple[str, ...]:  # noqa: ARG002 -- Django's
        """Choose workspace and product only for a new pool; what is assigned is counted by the database."""
        return ("workspace", "product", "assigned") if obj else ("assigned",)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 -- Django's
        """Whoever may change quantities may sell a first seat."""
        return self.has_change_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 -- Django's
        """Quantities are part of the subscription, here as in the service."""
        return request.user.has_perm("billing_seats.change_subscription")

    def save_model(self, request: HttpRequest, obj: SeatPool, form: forms.Form, change: bool) -> None:  # noqa: ARG002, FBT001 -- Django's
        """Have the service set the quantity; a new pool gets the id of the row that it made."""
        actor = as_staff(request, obj.workspace, form.cleaned_data["reason"])
        previewed = Confirmation(request.POST)
        if previewed.is_valid():
            shown, take_from = previewed.shown, previewed.cleaned_data["take_from"]
        else:
            # Without a preview it fitted a moment ago: should it no longer, that has to be seen first.
            shown, take_from = Shown(form.initial.get("purchased", 0), over_assigned=0), []
        pool = services.resize(actor, obj.product.slug, obj.purchased, take_from=take_from, shown=shown)
        obj.pk = pool.pk
