"""The document as a page that people read."""

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Any

import orjson

from workspace_admin.reference.document import document, resolved
from workspace_admin.reference.fields import fields, marked, paragraphs, parameter
from workspace_admin.reference.problems import KINDS

type Shape = dict[str, Any]
JSON, PROBLEM = "application/json", "application/problem+json"


@cache
def context() -> Shape:
    """Return the page's context, built once per process."""
    whole = document()
    calls = groupby(_calls(), key=lambda call: str(call["part"]))
    about = {tag["name"]: tag["description"].partition(": ") for tag in whole["tags"]}
    return {
        "title": whole["info"]["title"],
        "about": paragraphs(whole["info"]["description"]),
        "doors": [(name, marked(one["description"])) for name, one in whole["components"]["securitySchemes"].items()],
        "headers": [_header(name, one) for name, one in whole["components"]["headers"].items()],
        "parts": [_part(tag, about[tag][0], about[tag][2], list(some)) for tag, some in calls],
        "problems": [_problem(kind.error.code) for kind in KINDS],
    }


def _part(tag: str, name: str, about: str, calls: list[Shape]) -> Shape:
    return {"id": f"part-{tag}", "name": name, "about": marked(about[:1].upper() + about[1:]), "calls": calls}


def _calls() -> Iterator[Shape]:
    order = [tag["name"] for tag in document()["tags"]]
    found = [(path, method, one) for path, ways in document()["paths"].items() for method, one in ways.items()]
    for path, method, one in sorted(found, key=lambda each: order.index(each[2]["tags"][0])):
        yield _call(path, method.upper(), one)


def _call(path: str, method: str, one: Shape) -> Shape:
    body = one.get("requestBody", {}).get("content", {}).get(JSON, {})
    status, answer = next(iter(one["responses"].items()))
    told = answer.get("content", {}).get(JSON, {})
    return {
        "id": one["operationId"],
        "part": one["tags"][0],
        "method": method,
        "path": path,
        "summary": one["summary"],
        "about": paragraphs(one.get("description", "")),
        "asks": [_door(door) for door in one["security"]],
        "parameters": sorted(map(parameter, one.get("parameters", [])), key=lambda row: not row["required"]),
        "body": list(fields(body.get("schema"))),
        "sent": _examples(body),
        "status": status,
        "answer": list(fields(told.get("schema"))),
        "told": _examples(told),
        "refusals": list(_refusals(one["responses"])),
    }


def _door(door: Shape) -> str:
    words = {"key": "API key", "productKey": "Product key", "session": "Session", "csrf": "X-CSRFToken"}
    return " and ".join(words[name] + (f" with scope {roles[0]}" if roles else "") for name, roles in door.items())


def _examples(content: Shape) -> list[tuple[str, str]]:
    return [(one["summary"], _written(one["value"])) for one in map(resolved, content.get("examples", {}).values())]


def _written(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _refusals(responses: Shape) -> Iterator[Shape]:
    for response in responses.values():
        for code in resolved(response).get("content", {}).get(PROBLEM, {}).get("examples", {}):
            yield _problem(code)


@cache
def _problem(code: str) -> Shape:
    kind = next(kind for kind in KINDS if kind.error.code == code)
    return {
        "code": code,
        "status": kind.error.status,
        "when": marked(kind.when),
        "members": [*kind.members, *kind.headers],
        "example": _written(kind.shown),
    }


def _header(name: str, one: Shape) -> Shape:
    return {"name": name, "about": marked(one["description"]), "example": one.get("example", "")}
