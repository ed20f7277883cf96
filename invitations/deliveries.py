"""Emails of invitations: written with what causes them, sent by the worker."""

from collections.abc import Iterable

from invitations import emails
from invitations.models import Delivery, Invitation, Kind
from members import relay
from members.models import Membership


def invitation_mail(invitation: Invitation) -> Delivery:
    """Answer the unsaved email that carries the invitation's link."""
    return Delivery(
        workspace_id=invitation.workspace_id,
        invitation=invitation,
        generation=invitation.generation,
        kind=Kind.INVITATION,
        recipient=invitation.email,
        language=invitation.language,
        sender_id=invitation.last_sender_id,
    )


def notices(invitation: Invitation, kind: Kind, members: Iterable[Membership]) -> list[Delivery]:
    """Answer unsaved emails that tell these members something about the invitation, each in their language."""
    return [
        Delivery(
            workspace_id=invitation.workspace_id,
            invitation=invitation,
            generation=invitation.generation,
            kind=kind,
            recipient=member.email,
            language=member.user.language if member.user else "",
        )
        for member in members
    ]


def drain() -> int:
    """Send what is due and answer how many emails were handled."""
    return relay.drain(Delivery.objects.all(), emails.render)
