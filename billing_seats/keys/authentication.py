"""Authentication of API requests by key: a workspace's API key or a product key."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from billing_seats.keys import credentials
from members.keys import Key, KeyStatus

INACTIVE = {
    KeyStatus.REVOKED: "This key was revoked.",
    KeyStatus.EXPIRED: "This key has expired.",
    KeyStatus.STOPPED: "The owner of this key is no longer an active Admin. Another Admin can take it over.",
}
"""Why a key doesn't work; only a caller who knows its secret is told."""


class Bearer(BaseAuthentication):
    """A key in the Authorization header. It is tried before the session, so cookies never change what a call means."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Key] | None:
        """Return the key, or None without an Authorization header; raise AuthenticationFailed for any other header."""
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _space, text = header.partition(" ")
        credential = credentials.read(text.strip()) if scheme.lower() == "bearer" else None
        key = credentials.find_key(credential) if credential else None
        if key is None or credential is None or not credential.proves(bytes(key.digest)):
            raise AuthenticationFailed("The Authorization header holds no valid key.")
        if key.status != KeyStatus.WORKING:
            raise AuthenticationFailed(INACTIVE[key.status])
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        """Return the WWW-Authenticate header of a 401 (RFC 6750)."""
        return 'Bearer realm="api"' + (', error="invalid_token"' if "Authorization" in request.headers else "")


class Known(BasePermission):
    """Allows every authenticated caller, person or program."""

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002 -- the framework's signature
        """Return whether the request is authenticated; bad credentials were refused before."""
        return request.successful_authenticator is not None
