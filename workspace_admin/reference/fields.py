"""Shapes of the document as rows that people read."""

import re
from collections.abc import Iterator
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from workspace_admin.reference.document import resolved

type Shape = dict[str, Any]
CODE = re.compile(r"`([^`]+)`")
STRONG = re.compile(r"\*\*([^*]+)\*\*")


def marked(text: str) -> SafeString:
    """Return the document's text as HTML, with `code` and **emphasis**."""
    return mark_safe(STRONG.sub(r"<strong>\1</strong>", CODE.sub(r"<code>\1</code>", escape(text))))


def paragraphs(text: str) -> list[SafeString]:
    """Return the text's paragraphs as HTML."""
    return [marked(one) for one in text.split("\n\n") if one.strip()]


def fields(shape: Shape | None, prefix: str = "") -> Iterator[Shape]:
    """Return the fields of a schema as a flat list; nested ones are named ``outer.inner``."""
    whole = _told(shape or {})
    needed = whole.get("required", [])
    for name, raw in sorted(whole.get("properties", {}).items(), key=lambda item: item[0] not in needed):
        field = _told(raw)
        inner = _told(field.get("items", {})) if field.get("type") == "array" else field
        yield _row(f"{prefix}{name}", raw, name in needed)
        if "properties" in inner:
            yield from fields(inner, f"{prefix}{name}{'[]' if inner is not field else ''}.")


def parameter(one: Shape) -> Shape:
    """Return the row of a parameter."""
    told = resolved(one)
    about = told.get("description", "")
    row = _row(told["name"], {**told["schema"], "description": about}, told.get("required", False))
    return row | {"type": row["type"] + (f", {told['in']}" if told["in"] != "path" else "")}


def _row(name: str, raw: Shape, required: bool) -> Shape:  # noqa: FBT001 -- a row's value
    field = _told(raw)
    items = _told(field.get("items", {})) if field.get("type") == "array" else {}
    return {
        "name": name,
        "type": _type(field, items) + _bounds(field) + (" or null" if _nullable(raw) else ""),
        "required": required,
        "about": marked(raw.get("description") or ""),
        "choices": [choice for choice in (field.get("enum") or items.get("enum") or []) if choice is not None],
    }


def _type(field: Shape, items: Shape) -> str:
    kinds = field.get("type", "any")
    kind = next(one for one in kinds if one != "null") if isinstance(kinds, list) else str(kinds)
    if kind == "array":
        return f"list of {_type(items, {})}" if items else "list"
    return {"date-time": "time", "uuid": "id", "email": "email address"}.get(field.get("format", ""), kind)


def _nullable(raw: Shape) -> bool:
    alternatives = [one for key in ("oneOf", "anyOf") for one in raw.get(key, [])]
    return "null" in raw.get("type", []) or any(one.get("type") == "null" for one in alternatives)


def _bounds(field: Shape) -> str:
    """Return the bounds of a value or its length, in words."""
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None and high is not None:
        return f", from {low:,} to {high:,}"
    most = {"characters": field.get("maxLength"), "of them": field.get("maxItems")}
    return "".join(f", at most {number:,} {what}" for what, number in most.items() if number)


def _told(shape: Shape) -> Shape:
    """Resolve a reference, alone or in an alternative with null."""
    shape = resolved(shape)
    for key in ("allOf", "oneOf", "anyOf"):
        if key in shape:
            return _told(next((one for one in shape[key] if one.get("type") != "null"), {}))
    return shape
