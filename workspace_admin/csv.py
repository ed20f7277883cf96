"""Tables as CSV that a spreadsheet opens without running anything in them."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.timezone import localdate

from members.models import Workspace

MEDIA_TYPE = "text/csv; charset=utf-8"

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that a spreadsheet takes for a formula."""


class _Echo:
    """A file that hands back what is written to it."""

    @staticmethod
    def write(text: str) -> str:
        return text


def cell(value: object) -> str:
    """Return the value as the text of a cell: a time in UTC, and what would be a formula after an apostrophe."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_RUNS) else text


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Return the table line by line, none of which is kept."""
    writer = csv.writer(_Echo())
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def attachment(
    lines: Iterable[Any],
    what: str,
    workspace: Workspace,
    form: str = "csv",
    media_type: str = MEDIA_TYPE,
) -> StreamingHttpResponse:
    """Return the lines as a streamed file whose name says what it is, of which workspace, and of which day."""
    name = f"{what}-{workspace.slug}-{localdate().isoformat()}.{form}"
    disposition = f'attachment; filename="{name}"'
    return StreamingHttpResponse(lines, content_type=media_type, headers={"Content-Disposition": disposition})
