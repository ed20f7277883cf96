"""Who may call the REST API, and with what credentials."""

from typing import Any

from django.conf import settings

from members.rest.describe import KEYS, PEOPLE, PRODUCTS

type Shape = dict[str, Any]


def schemes() -> dict[str, Shape]:
    """Return the security schemes."""
    return {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "wsk_<id>_<secret>",
            "description": "An API key of one workspace: an Admin of it, within the key's scope, `read` or `write`.",
        },
        "productKey": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "psk_<id>_<secret>",
            "description": "A product's key, made by support: entitlements of that product, in any workspace.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The console's sign-in: whatever the person's role allows.",
        },
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": "X-CSRFToken",
            "description": "The token of the session's forms. With a session, every change asks for it.",
        },
    }


def requirement(method: str, callers: str) -> list[Shape]:
    """Return the security requirements of a call."""
    reads = method == "GET"
    session: Shape = {"session": []} if reads else {"session": [], "csrf": []}
    keys = {PEOPLE: [], KEYS: ["key"], PRODUCTS: ["key", "productKey"]}[callers]
    scope = "read" if reads else "write"
    return [*({name: [scope] if name == "key" else []} for name in keys), session]
