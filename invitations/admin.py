"""An invitation's timeline for support staff, and the three things that they may do about it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline
from unfold.decorators import action
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from billing_seats.plans import Feature, has_feature
from invitations import services
from invitations.models import DAYS, DEFAULT_DAYS, Delivery, Invitation, InvitationStatus, suppressed
from members.admin import history_of
from members.admin_base import ReadOnlyAdmin, ReasonField, SearchedByAddress, as_staff, shown
from members.errors import DomainError, InvitationNotPending, PlanRequired, Undeliverable
from members.status import EXPIRED_LABELS, IS_EXPIRED


class ReasonForm(forms.Form):
    """Why."""

    reason = ReasonField()


class ExtendForm(ReasonForm):
    """How long from now, and why."""

    days = forms.IntegerField(
        label=_("Days from now"),
        min_value=DAYS[0],
        max_value=DAYS[-1],
        initial=DEFAULT_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    field_order = ("days", "reason")


@dataclass(frozen=True)
class SupportAction:
    """Something done to invitations: what it does to each, the service, what is asked for, and what stands against it.

    The service is given the actor, the invitation's id and what was asked for beside the reason.
    """

    name: str
    title: str | Promise
    explanation: str | Promise
    service: Callable[..., Any]
    form: type[ReasonForm] = ReasonForm

    def obstacle(self, invitation: Invitation) -> DomainError | None:
        """Return why this can't be done to one of ``InvitationAdmin.get_queryset`` now; the service decides again."""
        if invitation.status != InvitationStatus.PENDING:
            return InvitationNotPending()
        if self.name == "revoke":
            return None
        if not has_feature(invitation.workspace, Feature.INVITATIONS):
            return PlanRequired()
        if self.name == "extend" and invitation.display_status == "expired":
            return InvitationNotPending(_("This invitation has expired. Resend it instead."))
        return Undeliverable() if self.name == "resend" and vars(invitation)["is_suppressed"] else None


RESEND = SupportAction(
    "resend",
    _("Resend invite"),
    _("Each person gets a new link by email. The old link stops working and the expiry starts again."),
    services.resend,
)
REVOKE = SupportAction(
    "revoke",
    _("Revoke invite"),
    _("The link stops working, the seats held are freed up and the person is removed from the Members list."),
    services.revoke,
)
EXTEND = SupportAction(
    "extend",
    _("Extend the expiry"),
    _("Each expires that many days from now and keeps its link. Expired invitations need to be resent instead."),
    services.extend,
    ExtendForm,
)
ACTIONS = {one.name: one for one in (RESEND, REVOKE, EXTEND)}


class DeliveryInline(TabularInline):  # type: ignore[misc]  # -- unfold ships no types
    """Every email of the invitation."""

    model = Delivery
    fields = ("created_at", "kind", "recipient", "generation", "state", "outcome", "attempts", "sent_at", "error")
    ordering = ("created_at",)
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 -- Django's
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 -- Django's
        """Never."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 -- Django's
        """Whoever sees the invitation sees its emails."""
        return request.user.has_perm("invitations.view_invitation")


@admin.register(Invitation)
class InvitationAdmin(SearchedByAddress, ReadOnlyAdmin):
    """Find an invitation by address; resend, revoke or extend it."""

    linked_by = ("workspace__id__exact",)
    list_display = ("email", "workspace", "status_label", "role", "sent", "expires", "invited_by")
    list_filter = ("status", "role")
    list_select_related = ("workspace__subscription",)
    actions = ("resend_selected", "revoke_selected", "extend_selected")
    actions_detail = tuple(ACTIONS)
    inlines = (DeliveryInline,)
    fields = (
        "email", "workspace", "status_label", "role", "products", "note", "language", "invited_by", "invited",
        "times_sent", "sent", "expires", "accepted", "revoked", "declined", "history",
    )  # fmt: skip
    invited_by, invited = shown("invited_by_name", _("Invited by")), shown("created_at", _("Invited"))
    times_sent, sent = shown("sent_count", _("Times sent")), shown("sent_at", _("Last sent"))
    expires, accepted = shown("expires_at", _("Expires")), shown("accepted_at", _("Accepted"))
    revoked, declined = shown("revoked_at", _("Revoked")), shown("declined_at", _("Declined"))

    def has_act_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:  # noqa: ARG002 -- unfold's
        """Return whether actions are offered; the services decide again."""
        return request.user.has_perm("invitations.change_invitation")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        """Return the invitations with what their status and the possible actions depend on."""
        rows: QuerySet[Invitation] = super().get_queryset(request)
        return rows.annotate(is_expired=IS_EXPIRED, is_suppressed=suppressed("email"))

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Offer what can be done with this invitation now."""
        invitation = self.get_object(request, object_id)
        offered = super().get_actions_detail(request, object_id)
        return [one for one in offered if invitation and ACTIONS[one.path].obstacle(invitation) is None]

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Invitation], **where: Any
    ) -> HttpResponse | None:
        """Do what was asked; a choice that is no id is of no row, where Django would fail."""
        try:
            response: HttpResponse | None = super().response_action(request, queryset, **where)
        except ValidationError:
            self.message_user(request, _("Nothing was chosen."), messages.ERROR)
            return redirect(request.get_full_path())
        return response

    @admin.display(description=_("Status"))
    def status_label(self, invitation: Invitation) -> str:
        """Return the status, with *expired* for a pending one whose end has passed."""
        return str(EXPIRED_LABELS.get(invitation.display_status, invitation.get_status_display()))

    @admin.display(description=_("Audit log"))
    def history(self, invitation: Invitation) -> str:
        """Return what was done to the invitation and to its member."""
        return history_of(invitation.workspace, invitation, invitation.membership)

    @admin.display(description=_("Seats"))
    def products(self, invitation: Invitation) -> str:
        """Return the slugs of the products with which they were invited."""
        return ", ".join(invitation.product_slugs) or "-"

    @admin.action(description=_("Resend invite"), permissions=["act"])
    def resend_selected(self, request: HttpRequest, rows: QuerySet[Invitation]) -> HttpResponse:
        """Resend the chosen ones, once a reason is given."""
        return self._do(request, RESEND, rows, back=request.get_full_path())

    @admin.action(description=_("Revoke invite"), permissions=["act"])
    def revoke_selected(self, request: HttpRequest, rows: QuerySet[Invitation]) -> HttpResponse:
        """Revoke the chosen ones, once a reason is given."""
        return self._do(request, REVOKE, rows, back=request.get_full_path())

    @admin.action(description=_("Extend the expiry"), permissions=["act"])
    def extend_selected(self, request: HttpRequest, rows: QuerySet[Invitation]) -> HttpResponse:
        """Let the chosen ones end later, once it is said how much and why."""
        return self._do(request, EXTEND, rows, back=request.get_full_path())

    @action(description=_("Resend invite"), url_path="resend", permissions=["act"])  # type: ignore[untyped-decorator]  # -- unfold's
    def resend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Resend this one, once a reason is given."""
        return self._do_one(request, RESEND, object_id)

    @action(description=_("Revoke invite"), url_path="revoke", permissions=["act"])  # type: ignore[untyped-decorator]  # -- unfold's
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Revoke this one, once a reason is given."""
        return self._do_one(request, REVOKE, object_id)

    @action(description=_("Extend the expiry"), url_path="extend", permissions=["act"])  # type: ignore[untyped-decorator]  # -- unfold's
    def extend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let this one end later, once it is said how much and why."""
        return self._do_one(request, EXTEND, object_id)

    def _do_one(self, request: HttpRequest, support_action: SupportAction, object_id: str) -> HttpResponse:
        invitation = self.get_object(request, object_id)
        if invitation is None:
            nowhere: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return nowhere
        obstacle = support_action.obstacle(invitation)
        if obstacle is not None:
            self.message_user(request, f"{invitation.email}: {obstacle.message}", messages.ERROR)
            return redirect("../change/")
        return self._do(request, support_action, [invitation], back="../change/")

    def _do(
        self, request: HttpRequest, support_action: SupportAction, rows: Iterable[Invitation], back: str
    ) -> HttpResponse:
        form = support_action.form(request.POST if request.method == "POST" and "reason" in request.POST else None)
        if form.is_valid():
            self._do_each(request, support_action, rows, **form.cleaned_data)
            return redirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": support_action.title,
            "support_action": support_action,
            "form": form,
            "rows": [(row, support_action.obstacle(row)) for row in rows],
            "back": back,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/reason.html", context)

    def _do_each(
        self,
        request: HttpRequest,
        support_action: SupportAction,
        rows: Iterable[Invitation],
        reason: str,
        **asked: object,
    ) -> None:
        done = 0
        for invitation in rows:
            try:
                support_action.service(as_staff(request, invitation.workspace, reason), invitation.pk, **asked)
            except DomainError as error:
                self.message_user(request, f"{invitation.email}: {error.message}", messages.ERROR)
            else:
                done += 1
        if done:
            counted = ngettext("%(title)s: %(count)d done.", "%(title)s: %(count)d done.", done)
            self.message_user(request, counted % {"title": support_action.title, "count": done}, messages.SUCCESS)
