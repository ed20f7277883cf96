"""What a call can answer: which refusals follow from its method and path, and how the schema writes answers."""

from collections.abc import Iterable
from http import HTTPStatus
from itertools import groupby
from typing import Any

from members import errors
from members.errors import DomainError
from workspace_admin import exception_mapping
from workspace_admin.reference import examples, headers
from workspace_admin.reference.problems import KINDS, Kind

type Shape = dict[str, Any]
WITH_BODY = {"POST", "PUT", "PATCH"}


def common(method: str, path: str, *, on_every_plan: bool) -> Iterable[type[DomainError]]:
    """Return the errors any call of this method to such a path can return."""
    yield from (errors.InvalidRequest, exception_mapping.Unauthenticated, errors.PermissionDenied)
    if method != "GET":
        yield exception_mapping.CsrfFailed
    if not on_every_plan:
        yield errors.PlanRequired
    if "{workspace}" in path:
        yield errors.NotFound
    yield exception_mapping.MethodNotAllowed
    if method == "POST":
        yield from (errors.IdempotencyConflict, errors.IdempotencyInProgress)
    if method == "PATCH":
        yield errors.PreconditionFailed
    yield exception_mapping.BodyTooLarge
    if method in WITH_BODY:
        yield exception_mapping.UnsupportedMediaType
    yield from (errors.RateLimited, errors.Unavailable)


def refused(method: str, classes: Iterable[type[DomainError]]) -> dict[str, Shape]:
    """Return the responses of these errors, by status."""
    wanted = set(classes)
    alike = groupby(
        sorted((kind for kind in KINDS if kind.error in wanted), key=lambda kind: kind.error.status),
        key=lambda kind: kind.error.status,
    )
    return {str(status): _response(method, status, list(kinds)) for status, kinds in alike}


def _response(method: str, status: int, alike: list[Kind]) -> Shape:
    """Return one response; responses common to all calls are shared components."""
    if len(alike) == 1 and status not in headers.REPLAYED:
        return {"$ref": f"#/components/responses/{alike[0].name}"}
    return problem(method, status, alike)


def problem(method: str, status: int, alike: list[Kind]) -> Shape:
    """Return the response for any of these errors."""
    refs = {kind.error.code: f"#/components/schemas/{kind.name}" for kind in alike}
    shapes = [{"$ref": ref} for ref in refs.values()]
    either = {"oneOf": shapes, "discriminator": {"propertyName": "code", "mapping": refs}}
    shown = {code: {"$ref": f"#/components/examples/{code}"} for code in refs}
    return {
        "description": "\n".join(f"- `{kind.error.code}`: {kind.when}" for kind in alike),
        "headers": headers.told(method, status, alike[0].headers),
        "content": {
            "application/problem+json": {"schema": shapes[0] if len(shapes) == 1 else either, "examples": shown}
        },
    }


def succeeded(method: str, call: str, responses: dict[str, Shape]) -> dict[str, Shape]:
    """Return the success responses with headers and examples, and a GET's 304."""
    for status, response in responses.items():
        response["description"] = HTTPStatus(int(status)).phrase
        response["headers"] = headers.told(method, int(status))
        for content in response.get("content", {}).values():
            shown = examples.accepted() if status == str(HTTPStatus.ACCEPTED.value) else examples.answers()[call]
            content["examples"] = examples.named(shown)
    if method == "GET":
        responses["304"] = {
            "description": "What is known by If-None-Match has not changed. No body.",
            "headers": headers.told(method, HTTPStatus.NOT_MODIFIED),
        }
    return responses
