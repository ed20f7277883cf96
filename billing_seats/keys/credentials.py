"""What keys look like: `wsk_<id>_<secret>` opens a workspace, `psk_<id>_<secret>` asks about a product.

The secret is 256 random bits, which nobody can guess or try out. So a plain SHA-256 of it can be kept: the slow, salted
digests that passwords need would protect nothing more here, and cost every call tens of milliseconds.
"""

import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass

WORKSPACE_KEY, PRODUCT_KEY = "wsk", "psk"
_FORM = re.compile(r"(wsk|psk)_([0-9a-f]{32})_([0-9a-f]{64})")
_SECRET_BYTES = 32


@dataclass(frozen=True)
class Credential:
    """A key as it was presented: its kind, its id, and what it claims to know."""

    kind: str
    id: uuid.UUID
    digest: bytes

    def proves(self, digest: bytes) -> bool:
        """Answer, in the same time for any guess, whether the secret is the one with this digest."""
        return hmac.compare_digest(self.digest, bytes(digest))


def read(text: str) -> Credential | None:
    """Answer the key in the text, or None: it has not the form of one."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    kind, key_id, secret = found.groups()
    return Credential(kind, uuid.UUID(key_id), _digest(secret))


def make(kind: str, key_id: uuid.UUID) -> tuple[str, bytes]:
    """Answer a new key for this id, to be shown once, and the digest to keep of it."""
    secret = secrets.token_hex(_SECRET_BYTES)
    return f"{kind}_{key_id.hex}_{secret}", _digest(secret)


def shortened(kind: str, key_id: uuid.UUID) -> str:
    """Answer what of a key may be shown at any time, so that people tell theirs apart."""
    return f"{kind}_{key_id.hex}_…"


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
