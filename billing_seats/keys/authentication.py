"""Which program is calling the API: the keys of workspaces and of products."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from billing_seats.keys import credentials, lookup
from billing_seats.keys.credentials import Credential
from members.calls import Key, Standing

WHY_NOT = {
    Standing.REVOKED: "This key was revoked.",
    Standing.EXPIRED: "This key has expired.",
    Standing.STOPPED: "Whoever made this key is no longer an active Admin. Another Admin can take it over.",
}
"""Told only to who knows the secret."""


class Bearer(BaseAuthentication):
    """A key in the Authorization header. It goes before any session, so that cookies never change what a call means."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Key] | None:
        """Answer the key that works, or None: the caller sent none.

        Raises:
            AuthenticationFailed: what was sent is no key that works.
        """
        sent = request.headers.get("Authorization")
        if sent is None:
            return None
        scheme, _space, text = sent.partition(" ")
        credential = credentials.read(text.strip()) if scheme.lower() == "bearer" else None
        key = _find(credential) if credential else None
        if key is None:
            raise AuthenticationFailed("No key was found in the Authorization header, or none that is known.")
        if key.standing != Standing.WORKING:
            raise AuthenticationFailed(WHY_NOT[key.standing])
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        """Answer the WWW-Authenticate header of a 401 (RFC 6750)."""
        return 'Bearer realm="api"' + (', error="invalid_token"' if "Authorization" in request.headers else "")


class Known(BasePermission):
    """Lets in whoever was recognised, person or program."""

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002 -- the framework's signature
        """Answer whether credentials were sent; bad ones were refused before."""
        return request.successful_authenticator is not None


def _find(credential: Credential) -> Key | None:
    """Answer the key, judged and its call counted, in one statement; None: unknown, or another secret."""
    look = lookup.api_key if credential.kind == credentials.WORKSPACE_KEY else lookup.product_key
    found = look(credential)
    return found if found is not None and credential.proves(bytes(found.digest)) else None
