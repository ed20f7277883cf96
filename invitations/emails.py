"""What the mails about an invitation say, and whether they are still true."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils import translation

from invitations import tokens
from invitations.models import Delivery, InvitationStatus
from members.mailing import compose


def render(delivery: Delivery) -> EmailMultiAlternatives | None:
    """The message of a delivery, read from the database as it stands now.

    None where it is no longer true: the invitation has ended, was sent again since, or the reader has left.
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
        context={**context, "workspace": delivery.workspace.name, "email": delivery.recipient},
    )


def _is_current(delivery: Delivery) -> bool:
    invitation = delivery.invitation
    return invitation.status == InvitationStatus.PENDING and invitation.generation == delivery.generation


def _invitation(delivery: Delivery) -> dict[str, Any] | None:
    invitation = delivery.invitation
    if invitation.membership_id is None or not _is_current(delivery):
        return None
    member = delivery.workspace.memberships.invited().filter(pk=invitation.membership_id).first()
    if member is None:
        return None
    return {
        "inviter": invitation.invited_by_name,
        "role": member.get_role_display(),
        "seats": sorted(seat.product.name for seat in member.seats.select_related("product")),
        "note": invitation.note,
        "expires_at": member.expires_at,
        "url": settings.BASE_URL + reverse("join-link", args=[tokens.make(invitation)]),
    }


def _reminder(delivery: Delivery) -> dict[str, Any] | None:
    return _invitation(delivery) if delivery.workspace.reminders else None


def _asked(delivery: Delivery) -> dict[str, Any] | None:
    admins = delivery.workspace.memberships.admins()
    if not _is_current(delivery) or not admins.filter(email=delivery.recipient).exists():
        return None
    return {"asker": delivery.invitation.email, "url": _members_page(delivery)}


def _joined(delivery: Delivery) -> dict[str, Any] | None:
    members = delivery.workspace.memberships.active()
    joined_as = delivery.invitation.accepted_by
    joined = members.filter(user_id=joined_as).first() if joined_as else None
    if joined is None or not members.filter(email=delivery.recipient).exists():
        return None
    return {
        "name": joined.name or joined.email,
        "address": joined.email,
        "role": joined.get_role_display(),
        "url": _members_page(delivery),
    }


def _members_page(delivery: Delivery) -> str:
    return settings.BASE_URL + reverse("members", args=[delivery.workspace.slug])


_CONTEXTS = {"invitation": _invitation, "reminder": _reminder, "asked": _asked, "joined": _joined}
