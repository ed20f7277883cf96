"""The API's schema held against every answer that a test gets: what is not documented must not be answered."""

import re
from functools import cache
from http import HTTPStatus
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from workspace_admin.reference.document import document, resolved

BASE = "/api/v1"
BESIDE = {f"{BASE}/schema", f"{BASE}/docs"}
WAYS = {"get", "post", "patch", "put", "delete"}
ANY_METHOD = {401, 403, 404, 405, 429, 400, 413, 503}
FORMATS = {
    "date-time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z", re.ASCII),
    "date": re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII),
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"),
    "email": re.compile(r"[^@\s]+@[^@\s]+\Z"),
}
formats = FormatChecker(())
for _name, _pattern in FORMATS.items():
    formats.checks(_name)(lambda value, pattern=_pattern: not isinstance(value, str) or bool(pattern.match(value)))


@cache
def paths() -> list[tuple[re.Pattern, dict[str, Any]]]:
    """Every path as a pattern, the plainest first: `/members/bulk` is no `/members/{member}`."""
    found = sorted(document()["paths"].items(), key=lambda item: item[0].count("{"))
    inner = {"workspace": "[-a-zA-Z0-9_]+", "product": "[-a-zA-Z0-9_]+"}
    return [
        (re.compile(re.sub(r"\{(\w+)\}", lambda name: inner.get(name[1], "[0-9a-f-]{36}"), path) + r"\Z"), ways)
        for path, ways in found
    ]


def closed(shape: Any) -> Any:
    """The shape, with nothing let through that it does not name."""
    if isinstance(shape, list):
        return [closed(one) for one in shape]
    if not isinstance(shape, dict):
        return shape
    inner = {name: closed(one) for name, one in shape.items()}
    return {"additionalProperties": False, **inner} if isinstance(shape.get("properties"), dict) else inner


@cache
def components() -> dict[str, Any]:
    return {"schemas": {name: closed(shape) for name, shape in document()["components"]["schemas"].items()}}


def wrong(shape: dict[str, Any], value: Any) -> list[str]:
    """What is not as the shape says."""
    whole = {**closed(shape), "components": components()}
    found = Draft202012Validator(whole, format_checker=formats).iter_errors(value)
    return [f"{error.json_path}: {error.message}" for error in found]


def call_of(method: str, path: str) -> dict[str, Any] | None:
    """What the document says of such a call; None: the path is not there. An empty one: the method is not."""
    ways = next((ways for pattern, ways in paths() if pattern.match(path)), None)
    return None if ways is None else ways.get("get" if method == "HEAD" else method.lower(), {})


def check(method: str, path: str, response: Any) -> None:
    """Fail unless the document says that the call can be answered like this."""
    if not path.startswith(f"{BASE}/") or path in BESIDE or response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        return
    if response.content == b"Bad Request":
        return  # to another host: nothing of the API
    call, said = call_of(method, path), f"{method} {path} answered {response.status_code}"
    if not call:
        assert response.status_code in ANY_METHOD, said
        assert not wrong({"$ref": "#/components/schemas/Problem"}, response.json()), said
        return
    told = call["responses"].get(str(response.status_code))
    assert told, f"{said}, which is not documented"
    told = resolved(told)
    _check_headers(told, response, said)
    _check_body(told, method, response, said)


def _check_headers(told: dict[str, Any], response: Any, said: str) -> None:
    for name, header in told["headers"].items():
        known, value = resolved(header), response.headers.get(name)
        assert value or not known.get("required"), f"{said} without {name}"
        if value is not None:
            shape = known["schema"]
            assert not wrong(shape, int(value) if shape.get("type") == "integer" else value), f"{said}: {name}: {value}"


def _check_body(told: dict[str, Any], method: str, response: Any, said: str) -> None:
    if method == "HEAD":
        return
    if "content" not in told:
        assert not response.content, said
        return
    [(kind, content)] = told["content"].items()
    assert response.headers["Content-Type"] == kind, said
    found = wrong(content["schema"], response.json())
    assert not found, f"{said}: {response.content[:500]}\n" + "\n".join(found[:5])
