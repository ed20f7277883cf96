"""What bulk calls share: one row for each item, in the order given."""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

from django.db import transaction
from rest_framework import serializers

from members.errors import DomainError, NotFound, PermissionDenied, PlanRequired, Unavailable
from members.job import CHUNK as CHUNK
from members.job import Row as Row

STOPPED: tuple[type[DomainError], ...] = (Unavailable, PermissionDenied, PlanRequired, NotFound)
"""Why a call that has committed chunks can fail to do the rest."""


class BulkSummary(serializers.Serializer[Any]):
    """How many items were done, and how many were refused."""

    done = serializers.IntegerField()
    refused = serializers.IntegerField()


class BulkRow(serializers.Serializer[Any]):
    """The result for one item."""

    result = serializers.ChoiceField(choices=["done", "refused"])
    detail = serializers.CharField(allow_null=True)
    invitation = serializers.UUIDField(allow_null=True)
    retry_after = serializers.IntegerField(
        required=False,
        help_text="Seconds to wait before trying it again; with `rate_limited` and `unavailable`.",
    )


def refusal_code(*errors: type[DomainError]) -> serializers.ChoiceField:
    """Return the field for a row's error code: one of these errors', or one that stops the whole call."""
    about = "Why it was refused: one of the error codes. Null if it was done."
    codes = dict.fromkeys(error.code for error in (*errors, *STOPPED))
    return serializers.ChoiceField(choices=list(codes), allow_null=True, help_text=about)


def bulk_of(row: type[BulkRow]) -> type[serializers.Serializer[Any]]:
    """Return the serializer class of a bulk response with such rows, for the schema."""
    fields = {"dry_run": serializers.BooleanField(), "summary": BulkSummary(), "data": row(many=True)}
    return type(f"{row.__name__}s", (serializers.Serializer,), fields)


def outcome(error: DomainError | None, invitation: object = None) -> Row:
    """Return the row of an item that was done, or refused with this error."""
    row: Row = {
        "result": "refused" if error else "done",
        "code": error.code if error else None,
        "detail": str(error.message) if error else None,
        "invitation": invitation,
    }
    if error and "retry_after" in error.extra:
        row["retry_after"] = max(1, ceil(error.extra["retry_after"]))
    return row


def unavailable() -> Unavailable:
    """Return the error of an item that was not reached because the workspace, or the database, was busy."""
    return Unavailable("The workspace is busy right now. This item was not processed; please try again.", retry_after=1)


def with_summary(rows: Sequence[Row], *, dry_run: bool) -> Row:
    """Return the body of a bulk response."""
    done = sum(row["result"] == "done" for row in rows)
    return {"dry_run": dry_run, "summary": {"done": done, "refused": len(rows) - done}, "data": rows}


def rolled_back[Result](work: Callable[[], Result]) -> Result:
    """Do the work, roll it back, and return its result: a dry run that shows exactly what the real one would."""
    with transaction.atomic():
        result = work()
        transaction.set_rollback(True)
    return result
