"""ETags: a digest of the JSON body, without the fields that change by themselves."""

import hashlib
from collections.abc import Collection
from http import HTTPStatus

import orjson
from django.http import HttpResponse
from django.utils.http import parse_etags

from members.errors import PreconditionFailed

_LENGTH = 16
"""Bytes of digest: nobody gains by finding two bodies that share one."""


def of(body: bytes, *, without: Collection[str] = ()) -> str:
    """Return the ETag of a body; the fields in ``without`` do not count, so that If-Match outlives their changes."""
    if without:
        body = orjson.dumps({name: value for name, value in orjson.loads(body).items() if name not in without})
    return f'"{hashlib.blake2b(body, digest_size=_LENGTH).hexdigest()}"'


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Return whether the caller has this already; a tag marked as weak counts too (RFC 9110)."""
    if not if_none_match:
        return False
    tags = parse_etags(if_none_match)
    return "*" in tags or etag in {tag.removeprefix("W/") for tag in tags}


def require(if_match: str, etag: str) -> None:
    """Raise PreconditionFailed unless If-Match names this ETag."""
    tags = parse_etags(if_match)
    if "*" not in tags and etag not in tags:
        raise PreconditionFailed


def not_modified(answer: HttpResponse) -> HttpResponse:
    """Return a 304 with the headers of the full response and no body."""
    empty = HttpResponse(status=HTTPStatus.NOT_MODIFIED)
    for name, value in answer.headers.items():
        if name not in {"Content-Type", "Content-Length"}:
            empty[name] = value
    del empty["Content-Type"]
    return empty
