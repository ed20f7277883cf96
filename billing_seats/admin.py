"""What support staff see and change of plans, seats and the catalogue."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from billing_seats import purchases
from billing_seats.admin_keys import ProductKeyAdmin as ProductKeyAdmin
from billing_seats.admin_previews import PreviewedAdmin
from billing_seats.forms import Confirmation
from billing_seats.models import Product, SeatPool, Subscription
from billing_seats.plans import Plan
from billing_seats.previews import count_of_product, preview_plan, preview_seats
from members.admin import ReasonField, acting
from members.models import Workspace


class NoDeleting(ModelAdmin):  # type: ignore[misc]  # -- unfold ships no types
    """Rows that others rest on."""

    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 -- Django's
        """Never."""
        return False


@admin.register(Product)
class ProductAdmin(NoDeleting):
    """The catalogue. A product that is sold no more is retired, not deleted: seats of it stand."""

    list_display = ("name", "slug", "retired")
    list_filter = ("retired",)
    search_fields = ("name", "slug")
    fields = ("name", "slug", "description", "url", "retired", "entitlement_max_age")

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[str, ...]:  # noqa: ARG002 -- Django's
        """Keep the slug once it is there: scripts and invitations name products by it."""
        return ("slug",) if obj else ()


class SubscriptionForm(forms.ModelForm):  # type: ignore[type-arg]  # -- takes no type at run time
    """Plan and reason."""

    reason = ReasonField()

    class Meta:
        model = Subscription
        fields = ("plan",)


@admin.register(Subscription)
class SubscriptionAdmin(PreviewedAdmin, NoDeleting):
    """A workspace's plan, changed through the service; a smaller one after a look at what will be missed."""

    preview_template = "admin/plan_preview.html"

    form = SubscriptionForm
    list_display = ("workspace", "plan", "status", "renews_on")
    list_filter = ("plan", "status")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "workspace__slug", "workspace__memberships__email")
    search_help_text = _("Workspace, or the address of a member")
    fields = ("workspace", "plan", "status", "renews_on", "reason")
    readonly_fields = ("workspace", "status", "renews_on")

    def get_fields(self, request: HttpRequest, obj: Subscription | None = None) -> tuple[str, ...]:
        """Ask for a reason only those who may change something."""
        return self.fields if self.has_change_permission(request, obj) else self.fields[:-1]

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 -- Django's
        """Never: a workspace is opened with its subscription."""
        return False

    def preview_of(self, obj: Subscription) -> Any:
        """Answer what the plan that was entered means, if anything is lost by it."""
        workspace = Workspace.objects.select_related("subscription").get(pk=obj.workspace_id)
        preview = preview_plan(workspace, Plan(obj.plan))
        return preview if preview.losses else None

    def save_model(self, request: HttpRequest, obj: Subscription, form: forms.Form, change: bool) -> None:  # noqa: ARG002, FBT001 -- Django's
        """Have the service change the plan."""
        purchases.change_plan(acting(request, obj.workspace, form.cleaned_data["reason"]), obj.plan)


class SeatPoolForm(forms.ModelForm):  # type: ignore[type-arg]  # -- takes no type at run time
    """Quantity and reason."""

    reason = ReasonField()

    class Meta:
        model = SeatPool
        fields = ("workspace", "product", "purchased")


@admin.register(SeatPool)
class SeatPoolAdmin(PreviewedAdmin, NoDeleting):
    """How many seats of a product were bought, changed through the service; too few, after a look at whose they are."""

    preview_template = "admin/seats_preview.html"
    form = SeatPoolForm
    list_display = ("workspace", "product", "purchased", "assigned")
    list_filter = ("product",)
    list_select_related = ("workspace", "product")
    search_fields = ("workspace__name", "workspace__slug", "workspace__memberships__email")
    search_help_text = _("Workspace, or the address of a member")
    autocomplete_fields = ("workspace",)

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
        actor = acting(request, obj.workspace, form.cleaned_data["reason"])
        previewed = Confirmation(request.POST)
        agreed = (
            {"shown": previewed.shown, "take_from": previewed.cleaned_data["take_from"]} if previewed.is_valid() else {}
        )
        pool = purchases.resize(actor, obj.product.slug, obj.purchased, **agreed)
        obj.pk = pool.pk

    def preview_of(self, obj: SeatPool) -> Any:
        """Answer what the quantity that was entered means, if it is less than is taken."""
        count = count_of_product(obj.workspace, obj.product.slug)
        return preview_seats(obj.workspace, count, obj.purchased) if obj.purchased < count.taken else None

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Let the workspace's page link here."""
        return lookup == "workspace__id__exact" or super().lookup_allowed(lookup, value, request)
