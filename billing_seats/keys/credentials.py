"""The format of keys: `wsk_<id>_<secret>` for a workspace's API key, `psk_<id>_<secret>` for a product key.

The secret is 256 random bits, so it can be stored as plain SHA-256: the slow, salted hashes that passwords need would
protect nothing more and cost tens of milliseconds per call.
"""

import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass

WORKSPACE_KEY, PRODUCT_KEY = "wsk", "psk"
_FORMAT = re.compile(r"(wsk|psk)_([0-9a-f]{32})_([0-9a-f]{64})")
_SECRET_BYTES = 32


@dataclass(frozen=True)
class Credential:
    """A key as the caller presented it: its kind, its id and the digest of its secret."""

    kind: str
    id: uuid.UUID
    digest: bytes

    def proves(self, digest: bytes) -> bool:
        """Return, in constant time, whether the secret has this digest."""
        return hmac.compare_digest(self.digest, digest)


def read(text: str) -> Credential | None:
    """Return the credential in the text, or None if it is not formatted like a key."""
    found = _FORMAT.fullmatch(text)
    if found is None:
        return None
    kind, key_id, secret = found.groups()
    return Credential(kind, uuid.UUID(key_id), _digest(secret))


def make(kind: str, key_id: uuid.UUID) -> tuple[str, bytes]:
    """Return a new key for this id, to show once, and the digest to store."""
    secret = secrets.token_hex(_SECRET_BYTES)
    return f"{kind}_{key_id.hex}_{secret}", _digest(secret)


def shortened(kind: str, key_id: uuid.UUID) -> str:
    """Return the part of a key that may always be shown, to tell keys apart."""
    return f"{kind}_{key_id.hex}_…"


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
