"""Product keys in Django admin: support makes one for a product, sees it once, and may revoke it."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from billing_seats.keys import services
from billing_seats.keys.credentials import PRODUCT_KEY, shortened
from billing_seats.keys.services import Supporter
from billing_seats.models import ProductKey
from members.admin import ReasonField, ServiceAdmin
from members.calls import OVER
from members.models import User


class NewProductKeyForm(forms.ModelForm):  # type: ignore[type-arg]  # -- takes no type at run time
    """Which product, what for, until when, and why."""

    reason = ReasonField()

    class Meta:
        model = ProductKey
        fields = ("product", "name", "expires_at")


class RevokeForm(forms.ModelForm):  # type: ignore[type-arg]  # -- as above
    """Whether the key ends, and why."""

    revoke = forms.BooleanField(
        label=_("Revoke this key"), help_text=_("The product’s next question with it is refused, for good.")
    )
    reason = ReasonField()

    class Meta:
        model = ProductKey
        fields = ()


@admin.register(ProductKey)
class ProductKeyAdmin(ServiceAdmin):
    """The keys with which products ask who may open them. Nothing of one can be changed, only its end."""

    list_display = ("name", "product", "beginning", "status", "created_at", "expires_at", "last_used_at")
    list_filter = ("product",)
    list_select_related = ("product",)
    search_fields = ("name", "product__name", "product__slug")
    ordering = ("-created_at", "-id")
    actions = None
    readonly_fields = (
        "product",
        "name",
        "beginning",
        "status",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProductKey]:
        """Bring along what the status is read from."""
        found: QuerySet[ProductKey] = super().get_queryset(request).annotate(over=OVER)
        return found

    def get_form(self, request: HttpRequest, obj: ProductKey | None = None, **kwargs: Any) -> Any:
        """Ask for a new key, or for the end of one."""
        return super().get_form(request, obj, **kwargs, form=RevokeForm if obj else NewProductKeyForm)

    def get_fields(self, request: HttpRequest, obj: ProductKey | None = None) -> tuple[str, ...]:
        """Ask only those who may do something."""
        if obj is None:
            return ("product", "name", "expires_at", "reason")
        return (*self.readonly_fields, *(("revoke", "reason") if self.has_change_permission(request, obj) else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: ProductKey | None = None) -> tuple[str, ...]:  # noqa: ARG002 -- Django's
        """Nothing of a key changes once it is made."""
        return self.readonly_fields if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: ProductKey | None = None) -> bool:
        """A revoked key stays so."""
        may: bool = super().has_change_permission(request, obj)
        return may and (obj is None or obj.revoked_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: ProductKey | None = None) -> bool:  # noqa: ARG002 -- Django's
        """Never: it is revoked, and stays to be seen."""
        return False

    @admin.display(description=_("Begins with"))
    def beginning(self, key: ProductKey) -> str:
        """Answer what of the key may be seen at any time."""
        return shortened(PRODUCT_KEY, key.id)

    @admin.display(description=_("Status"))
    def status(self, key: ProductKey) -> str:
        """Answer whether it works."""
        return str(key.standing.label)

    def save_model(self, request: HttpRequest, obj: ProductKey, form: forms.Form, change: bool) -> None:  # noqa: FBT001 -- Django's
        """Have the service make the key, or end it; what is shown once goes along with the request."""
        who = Supporter(cast("User", request.user), form.cleaned_data["reason"])
        if change:
            services.revoke_product_key(who, obj.id)
            return
        made, text = services.create_product_key(who, obj.product, name=obj.name, expires_at=obj.expires_at)
        obj.pk = made.pk
        cast("Any", request).made_key = text

    def response_add(self, request: HttpRequest, obj: ProductKey, post_url_continue: str | None = None) -> HttpResponse:  # noqa: ARG002 -- Django's
        """Show the key, in this answer only: a message or a redirect would keep it somewhere."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("New product key"),
            "opts": self.opts,
            "key": obj,
            "text": cast("Any", request).made_key,
        }
        return TemplateResponse(request, "admin/product_key.html", context)
