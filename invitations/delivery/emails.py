"""Renders the emails about an invitation, unless they are no longer true."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.core.mail import EmailMultiAlternatives
from django.db.models import OuterRef
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from billing_seats.models import Seat
from invitations import tokens
from invitations.models import Delivery, Invitation, InvitationStatus
from members.models import Role, Status
from members.outbox.compose import compose


def render(delivery: Delivery) -> EmailMultiAlternatives | None:
    """Return the message of a delivery, from the database as it is now.

    None if it is no longer true: the invitation has ended or was sent again since, or the reader has left.
    """
    with translation.override(delivery.language or settings.LANGUAGE_CODE):
        context = _CONTEXTS[delivery.kind](delivery)
    if context is None:
        return None
    return compose(
        delivery.kind,
        to=delivery.recipient,
        language=delivery.language,
        message_id=delivery.message_id,
        key=str(delivery.pk),
        context={**context, "email": delivery.recipient},
    )


def _is_current(delivery: Delivery) -> bool:
    invitation = delivery.invitation
    return invitation.status == InvitationStatus.PENDING and invitation.generation == delivery.generation


def _invitation(delivery: Delivery, **conditions: Any) -> dict[str, Any] | None:
    # Everything the mail says, in one statement, since it runs for each mail.
    seats = Seat.objects.filter(workspace=OuterRef("workspace"), membership=OuterRef("membership"))
    live = Invitation.objects.filter(
        workspace=delivery.workspace_id,
        pk=delivery.invitation_id,
        status=InvitationStatus.PENDING,
        generation=delivery.generation,
        membership__status=Status.INVITED,
        membership__expires_at__gt=Now(),
        **conditions,
    )
    known = live.annotate(held=ArraySubquery(seats.order_by("product__name").values("product__name"))).values_list(
        "workspace__name", "invited_by_name", "membership__role", "held", "note", "membership__expires_at"
    )
    for workspace, inviter, role, held, note, expires_at in known:
        token = tokens.of(delivery.invitation_id, delivery.generation)
        return {
            "workspace": workspace,
            "inviter": inviter or _("A former member"),
            "role": Role(role).label,
            "seats": held,
            "note": note,
            "expires_at": expires_at,
            "url": settings.BASE_URL + reverse("join-link", args=[token]),
        }
    return None


def _reminder(delivery: Delivery) -> dict[str, Any] | None:
    return _invitation(delivery, workspace__reminders=True)


def _asked(delivery: Delivery) -> dict[str, Any] | None:
    admins = delivery.workspace.memberships.admins()
    if not _is_current(delivery) or not admins.filter(email=delivery.recipient).exists():
        return None
    return {
        "workspace": delivery.workspace.name,
        "asker": delivery.invitation.email,
        "url": _members_page(delivery),
    }


def _joined(delivery: Delivery) -> dict[str, Any] | None:
    members = delivery.workspace.memberships.active()
    joined_as = delivery.invitation.accepted_by
    joined = members.filter(user_id=joined_as).first() if joined_as else None
    if joined is None or not members.filter(email=delivery.recipient).exists():
        return None
    return {
        "workspace": delivery.workspace.name,
        "name": joined.name or joined.email,
        "address": joined.email,
        "role": joined.get_role_display(),
        "url": _members_page(delivery),
    }


def _members_page(delivery: Delivery) -> str:
    return settings.BASE_URL + reverse("members", args=[delivery.workspace.slug])


_CONTEXTS = {"invitation": _invitation, "reminder": _reminder, "asked": _asked, "joined": _joined}
