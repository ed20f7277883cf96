"""The OpenAPI document of the REST API."""

from functools import cache
from typing import Any

import orjson
from django.conf import settings
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator

from workspace_admin.reference import headers, paths, responses, security
from workspace_admin.reference.problems import FIELD_ERROR, KINDS, any_problem

type Shape = dict[str, Any]

ABOUT = """JSON in, JSON out. Ids are UUIDs, times are RFC 3339 in UTC. Names do not change; fields may be added.

**Lists** are pages: `data`, `next_cursor`, `prev_cursor`. Send a cursor back as `?cursor=`, with the same filters.

**Errors** are `application/problem+json` (RFC 9457). Branch on `code`; the wording may change.

**Retries**: a POST with an `Idempotency-Key` is done once, however often it is sent within 24 hours.

**ETags**: send one back as `If-None-Match` to save the body, or as `If-Match` on a PATCH to overwrite nothing unseen.

**Limits**: {calls:,} calls a minute for each key, counted in `RateLimit`; a 429 or 503 says in `Retry-After` when to
retry.
"""


def complete(result: Shape, **_rest: Any) -> Shape:
    """Add the components that operations refer to: a hook of drf-spectacular."""
    result["info"]["description"] = ABOUT.format(calls=settings.API_CALLS_PER_MINUTE)
    result["tags"] = [{"name": name, "description": about} for name, about in paths.TAGS.items()]
    parts = result["components"]
    parts["schemas"] |= {"Problem": any_problem(), "FieldError": FIELD_ERROR}
    parts["schemas"] |= {kind.name: kind.shape for kind in KINDS}
    parts["examples"] = {kind.error.code: {"summary": kind.when, "value": kind.shown} for kind in KINDS}
    parts["responses"] = {kind.name: responses.problem("GET", kind.error.status, [kind]) for kind in KINDS}
    parts["headers"], parts["parameters"] = headers.COMING, headers.SENT
    parts["securitySchemes"] = security.schemes()
    return result


@cache
def document() -> Shape:
    """Return the document, built once per process."""
    with translation.override("en"):
        made = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]  # -- drf-spectacular has no types here
        read: Shape = orjson.loads(orjson.dumps(made, default=str))
        return read


def resolved(shape: Shape) -> Shape:
    """Resolve a reference within the document; return anything else unchanged."""
    while "$ref" in shape:
        found: Any = document()
        for part in shape["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        shape = found
    return shape
