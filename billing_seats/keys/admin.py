"""Product keys in Django admin: support creates one for a product, sees it once, and may revoke it."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from billing_seats.keys import services
from billing_seats.keys.credentials import PRODUCT_KEY, shortened
from billing_seats.models import ProductKey
from members.access import StaffMember
from members.admin_base import ReasonField, ServiceAdmin
from members.models import User
from members.status import IS_EXPIRED


class NewProductKeyForm(forms.ModelForm):  # type: ignore[type-arg]  # -- takes no type at run time
    """Product, name, expiry and reason."""

    reason = ReasonField()

    class Meta:
        model = ProductKey
        fields = ("product", "name", "expires_at")


class RevokeForm(forms.ModelForm):  # type: ignore[type-arg]  # -- as above
    """Whether to revoke the key, and why."""

    revoke = forms.BooleanField(
        label=_("Revoke this key"), help_text=_("The product’s next request with it is refused. This can’t be undone.")
    )
    reason = ReasonField()

    class Meta:
        model = ProductKey
        fields = ()


@admin.register(ProductKey)
class ProductKeyAdmin(ServiceAdmin):
    """The keys with which products ask for entitlements. A key can only be created and revoked."""

    list_display = ("name", "product", "prefix", "status", "created_at", "expires_at", "last_used_at")
    list_filter = ("product",)
    list_select_related = ("product",)
    search_fields = ("name", "product__name", "product__slug")
    ordering = ("-created_at", "-id")
    actions = None
    readonly_fields = (
        "product",
        "name",
        "prefix",
        "status",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProductKey]:
        """Annotate what the status is computed from."""
        found: QuerySet[ProductKey] = super().get_queryset(request).annotate(is_expired=IS_EXPIRED)
        return found

    def get_form(self, request: HttpRequest, obj: ProductKey | None = None, **kwargs: Any) -> Any:
        """Use one form for a new key and another to revoke one."""
        return super().get_form(request, obj, **kwargs, form=RevokeForm if obj else NewProductKeyForm)

    def get_fields(self, request: HttpRequest, obj: ProductKey | None = None) -> tuple[str, ...]:
        """Show the form's fields only to staff who may change something."""
        if obj is None:
            return ("product", "name", "expires_at", "reason")
        return (*self.readonly_fields, *(("revoke", "reason") if self.has_change_permission(request, obj) else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: ProductKey | None = None) -> tuple[str, ...]:  # noqa: ARG002 -- Django's
        """Make every field of an existing key read-only."""
        return self.readonly_fields if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: ProductKey | None = None) -> bool:
        """Return False for a revoked key too."""
        may: bool = super().has_change_permission(request, obj)
        return may and (obj is None or obj.revoked_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: ProductKey | None = None) -> bool:  # noqa: ARG002 -- Django's
        """Never: keys are revoked and stay visible."""
        return False

    @admin.display(description=_("Begins with"))
    def prefix(self, key: ProductKey) -> str:
        """Return the part of the key that may always be shown."""
        return shortened(PRODUCT_KEY, key.id)

    @admin.display(description=_("Status"))
    def status(self, key: ProductKey) -> str:
        """Return its status in words."""
        return str(key.status.label)

    def save_model(self, request: HttpRequest, obj: ProductKey, form: forms.Form, change: bool) -> None:  # noqa: FBT001 -- Django's
        """Create or revoke the key; a new key's text is kept on the request for ``response_add``."""
        who = StaffMember(cast("User", request.user), form.cleaned_data["reason"])
        if change:
            services.revoke_product_key(who, obj.id)
            return
        key, text = services.create_product_key(who, obj.product, name=obj.name, expires_at=obj.expires_at)
        obj.pk = key.pk
        cast("Any", request).new_key = text

    def response_add(self, request: HttpRequest, obj: ProductKey, post_url_continue: str | None = None) -> HttpResponse:  # noqa: ARG002 -- Django's
        """Show the key in this response only: a message or a redirect would store it."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("New product key"),
            "opts": self.opts,
            "key": obj,
            "text": cast("Any", request).new_key,
        }
        return TemplateResponse(request, "admin/product_key.html", context)
