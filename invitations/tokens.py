"""The tokens of emailed links: derived from invitation and generation under dedicated keys, never stored."""

import hashlib
import hmac
import uuid
from base64 import urlsafe_b64encode

from django.conf import settings

from invitations.models import Invitation


def make(invitation: Invitation) -> str:
    """Return the token of the invitation's latest sending, under the newest key: the same on every call."""
    return of(invitation.id, invitation.generation)


def of(invitation_id: uuid.UUID, generation: int) -> str:
    """Return the token of one sending, as ``make`` does."""
    return f"{invitation_id}.{_digest(settings.INVITATION_KEYS[0], invitation_id, generation)}"


def parse(token: str) -> tuple[uuid.UUID, str] | None:
    """Return the invitation's id and the digest that a token claims, or None if it cannot be a token."""
    identifier, _, digest = token.partition(".")
    try:
        return (uuid.UUID(identifier), digest) if digest.isascii() else None
    except ValueError:
        return None


def is_genuine(digest: str, invitation: Invitation) -> bool:
    """Return whether the digest is for the invitation's latest sending, under any key."""
    known = [_digest(key, invitation.id, invitation.generation) for key in settings.INVITATION_KEYS]
    return any([hmac.compare_digest(digest, one) for one in known])  # noqa: C419 -- all are compared, whichever fits


def _digest(key: str, invitation_id: uuid.UUID, generation: int) -> str:
    message = b"workspace-admin.invitation." + invitation_id.bytes + generation.to_bytes(8)
    return urlsafe_b64encode(hmac.digest(key.encode(), message, hashlib.sha256)).rstrip(b"=").decode()
