"""What support does to people that concerns every app: their erasure."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from members.access import StaffMember
from members.admin import UserAdmin
from members.admin_base import ReasonField
from members.errors import DomainError
from members.models import User
from workspace_admin.personal_data.services import PERMISSION, erase_person, refusal
from workspace_admin.personal_data.traces import places

admin.site.unregister(User)


class ErasureForm(forms.Form):
    """Why, for the audit logs."""

    reason = ReasonField()


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Find an account by address; erase the person."""

    actions_detail = ("erase",)

    def has_erase_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:  # noqa: ARG002 -- unfold's
        """Return whether the staff member may erase people; the service decides again."""
        return request.user.has_perm(PERMISSION)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Offer what can be done with this person now."""
        person = self.get_object(request, object_id)
        offered: list[Any] = super().get_actions_detail(request, object_id)
        return offered if person and refusal(person) is None else []

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Show those who may erase people why this person can't be."""
        told = obj is not None and self.has_erase_permission(request) and refusal(obj) is not None
        return (*self.fields, "why_not_erased") if told else self.fields

    @admin.display(description=_("Erasure"))
    def why_not_erased(self, person: User) -> str:
        """Return what stands against the erasure, in words."""
        error = refusal(person)
        return str(error.message) if error else "-"

    @action(description=_("Erase person"), url_path="erase", permissions=["erase"])  # type: ignore[untyped-decorator]  # -- unfold's
    def erase(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what goes; erase the person once a reason is given."""
        person: User | None = self.get_object(request, object_id)
        if person is None:
            nowhere: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return nowhere
        form = ErasureForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                erase_person(StaffMember(cast("User", request.user), form.cleaned_data["reason"]), person)
            except DomainError as error:
                form.add_error("reason", str(error.message))
            else:
                self.message_user(request, _("The person was erased."), messages.SUCCESS)
                return redirect("admin:members_user_changelist")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Erase person"),
            "person": person,
            "places": places(person),
            "error": refusal(person),
            "form": form,
        }
        return TemplateResponse(request, "admin/erase.html", context)
