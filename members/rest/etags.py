"""ETags: a strong one is a digest of the JSON as it is sent, so equal bytes mean that nothing changed."""

import hashlib
from http import HTTPStatus

from django.http import HttpResponse
from django.utils.http import parse_etags

from members.errors import PreconditionFailed

_LENGTH = 16
"""Bytes of digest: nobody gains by finding two bodies that share one."""


def of(body: bytes) -> str:
    """Answer the ETag of a body."""
    return f'"{hashlib.blake2b(body, digest_size=_LENGTH).hexdigest()}"'


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Answer whether the caller has this already; here a tag marked as weak counts too (RFC 9110)."""
    if not if_none_match:
        return False
    tags = parse_etags(if_none_match)
    return "*" in tags or etag in {tag.removeprefix("W/") for tag in tags}


def require(if_match: str, etag: str) -> None:
    """Let through a change of what still has this ETag.

    Raises:
        PreconditionFailed: the caller saw something else.
    """
    tags = parse_etags(if_match)
    if "*" not in tags and etag not in tags:
        raise PreconditionFailed


def not_modified(answer: HttpResponse) -> HttpResponse:
    """Answer a 304 with the headers of what would have been sent, and no body."""
    empty = HttpResponse(status=HTTPStatus.NOT_MODIFIED)
    for name, value in answer.headers.items():
        if name not in {"Content-Type", "Content-Length"}:
            empty[name] = value
    del empty["Content-Type"]
    return empty
