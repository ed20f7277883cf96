"""A page between a form of support staff and the service: what the change will mean, before it is made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import unquote
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from members.admin_base import ServiceAdmin


@dataclass(frozen=True)
class Preview:
    """The page, and what computes it from a row with the entered values: None if there is nothing to warn about."""

    template: str
    compute: Callable[[Any], Any]


class PreviewedAdmin(ServiceAdmin):
    """A form of which some values are shown again, with what they mean, and saved once that is confirmed."""

    preview: Preview

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form, the preview, or redirect after saving."""
        if request.method == "POST" and object_id is not None and "confirmed" not in request.POST:
            page = self._preview(request, self.get_object(request, unquote(object_id)))
            if page is not None:
                return page
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _preview(self, request: HttpRequest, obj: Model | None) -> HttpResponse | None:
        """Return the preview page, or None to let the form handle the request."""
        if obj is None or not self.has_change_permission(request, obj):
            return None
        form = self.get_form(request, obj, change=True)(request.POST, instance=obj)
        preview = self.preview.compute(obj) if form.is_valid() else None
        if preview is None:
            return None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Before you confirm"),
            "subtitle": str(obj),
            "form": form,
            "preview": preview,
            "back": request.get_full_path(),
        }
        return TemplateResponse(request, self.preview.template, context)
