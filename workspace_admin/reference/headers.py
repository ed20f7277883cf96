"""The headers of the REST API: those that a caller may send, and those that come back."""

from http import HTTPStatus
from typing import Any

type Shape = dict[str, Any]


def _text(pattern: str) -> Shape:
    return {"type": "string", "pattern": pattern}


_ETAG = r'^"[0-9a-f]{32}"$'
COMING: dict[str, Shape] = {
    "ETag": {
        "required": True,
        "description": "A digest of the body; of a single resource, without `delivery` and `last_active_at`.",
        "schema": _text(_ETAG),
        "example": '"6a2f41a3c54c0b1d9d3b6c1f5e0a7b28"',
    },
    "Cache-Control": {
        "required": True,
        "description": "`no-store`; but an entitlement may be kept for so many seconds.",
        "schema": _text(r"^(no-store|private, max-age=\d+)$"),
    },
    "X-Request-ID": {
        "description": "Names the request in logs and in the audit log.",
        "schema": {"type": "string", "maxLength": 64},
    },
    "RateLimit-Policy": {
        "description": "Told to keys: how many calls a minute.",
        "schema": _text(r'^"minute";q=\d+;w=60$'),
        "example": '"minute";q=600;w=60',
    },
    "RateLimit": {
        "description": "Told to keys: `r` calls are left, and in `t` seconds they are counted anew.",
        "schema": _text(r'^"minute";r=\d+;t=\d+$'),
        "example": '"minute";r=599;t=60',
    },
    "Location": {"required": True, "description": "Where the job is.", "schema": {"type": "string"}},
    "Preference-Applied": {
        "required": True,
        "description": "The preference that was followed (RFC 7240).",
        "schema": {"type": "string", "enum": ["respond-async"]},
    },
    "Idempotency-Replayed": {
        "description": "This is what was answered before under the same Idempotency-Key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {
        "required": True,
        "description": "Seconds to wait.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 41,
    },
    "WWW-Authenticate": {
        "required": True,
        "description": "How to authenticate (RFC 9110).",
        "schema": _text(r'^(Bearer|Session) realm="api"'),
        "example": 'Bearer realm="api", error="invalid_token"',
    },
    "Allow": {
        "required": True,
        "description": "The methods that the path knows.",
        "schema": {"type": "string"},
        "example": "GET, HEAD",
    },
}
SENT: dict[str, Shape] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": (
            "Makes the call safe to repeat: for 24 hours the first answer is given again, and nothing is done twice. "
            "Any text of printable ASCII that is new for each request, such as a UUID."
        ),
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
        "example": "onboarding-ada",
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": "`respond-async` starts a job of up to 10,000 items and returns its URL. Others are ignored.",
        "schema": {"type": "string"},
        "example": "respond-async",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Changes it only if it still has one of these ETags; `*` for any.",
        "schema": {"type": "string"},
        "example": '"6a2f41a3c54c0b1d9d3b6c1f5e0a7b28"',
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "An ETag that is known already: what still has it is answered with 304 and no body.",
        "schema": {"type": "string"},
        "example": '"6a2f41a3c54c0b1d9d3b6c1f5e0a7b28"',
    },
}
_HEEDED = {"GET": "IfNoneMatch", "POST": "IdempotencyKey", "PATCH": "IfMatch"}


REPLAYED = {200, 201, 202, 404, 409}
"""What a POST can answer once more under its Idempotency-Key."""


def heeded(method: str, *, can_wait: bool = False) -> list[Shape]:
    """Return references to the headers that a call of this method honours."""
    names = [_HEEDED[method]] if method in _HEEDED else []
    return [{"$ref": f"#/components/parameters/{name}"} for name in names + ["Prefer"] * can_wait]


def told(method: str, status: int, own: tuple[str, ...] = ()) -> dict[str, Shape]:
    """Return references to the headers of a response with this status; ``own`` are an error's."""
    names = ["ETag"] if status in {200, 201, 304} else []
    names += ["Location", "Preference-Applied"] if status == HTTPStatus.ACCEPTED else []
    names += [*own, "Cache-Control", "RateLimit-Policy", "RateLimit", "X-Request-ID"]
    if method == "POST" and status in REPLAYED:
        names.append("Idempotency-Replayed")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
