"""Emails of invitations: written with what causes them, sent by the worker."""

from collections.abc import Iterable

from invitations.delivery import emails
from invitations.models import Delivery, Invitation, Kind
from members.outbox import relay


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


def notices(invitation: Invitation, kind: Kind, readers: Iterable[tuple[str, str]]) -> list[Delivery]:
    """Answer unsaved emails that tell something about the invitation, to each address in its language."""
    return [
        Delivery(
            workspace_id=invitation.workspace_id,
            invitation=invitation,
            generation=invitation.generation,
            kind=kind,
            recipient=recipient,
            language=language,
        )
        for recipient, language in readers
    ]


def drain() -> int:
    """Send what is due and answer how many emails were handled."""
    return relay.drain(Delivery.objects.all(), emails.render)
