"""Links' tokens: derived from invitation and generation under keys of their own, never stored."""

import hashlib
import hmac
import uuid
from base64 import urlsafe_b64encode

from django.conf import settings

from invitations.models import Invitation


def _digest(key: str, invitation_id: uuid.UUID, generation: int) -> str:
    message = b"workspace-admin.invitation." + invitation_id.bytes + generation.to_bytes(8)
    return urlsafe_b64encode(hmac.digest(key.encode(), message, hashlib.sha256)).rstrip(b"=").decode()


def make(invitation: Invitation) -> str:
    """Answer the token of the invitation's latest sending, under the newest key: the same at every call."""
    return of(invitation.id, invitation.generation)


def of(invitation_id: uuid.UUID, generation: int) -> str:
    """Answer the token of one sending, as ``make`` does."""
    return f"{invitation_id}.{_digest(settings.INVITATION_KEYS[0], invitation_id, generation)}"


def find(token: str) -> Invitation | None:
    """Answer the invitation whose latest sending carries this token under any key, whatever became of it."""
    identifier, _, digest = token.partition(".")
    try:
        invitation_id = uuid.UUID(identifier)
    except ValueError:
        return None
    invitation = Invitation.objects.select_related("workspace").filter(id=invitation_id).first()
    if invitation is None or not digest.isascii():
        return None
    genuine = [
        hmac.compare_digest(digest, _digest(key, invitation.id, invitation.generation))
        for key in settings.INVITATION_KEYS
    ]
    return invitation if any(genuine) else None
