"""What bulk calls of the REST API share: an answer for each one asked for, in the order given."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from rest_framework import serializers

from members.errors import DomainError


class BulkSummary(serializers.Serializer[Any]):
    """How many were done, and how many were not."""

    done = serializers.IntegerField()
    refused = serializers.IntegerField()


class BulkRow(serializers.Serializer[Any]):
    """What became of one of them."""

    result = serializers.ChoiceField(choices=["done", "refused"])
    detail = serializers.CharField(allow_null=True)
    invitation = serializers.UUIDField(allow_null=True)


def refusal_code(*errors: type[DomainError]) -> serializers.ChoiceField:
    """Answer the field that says why one of them was refused: by the code of one of these."""
    about = "Why it was refused: a code of the errors. Null if it was done."
    return serializers.ChoiceField(choices=[error.code for error in errors], allow_null=True, help_text=about)


def bulk_of(row: type[BulkRow]) -> type[serializers.Serializer[Any]]:
    """Answer the shape of a bulk answer with such rows, for the schema."""
    fields = {"dry_run": serializers.BooleanField(), "summary": BulkSummary(), "data": row(many=True)}
    return type(f"{row.__name__}s", (serializers.Serializer,), fields)


def outcome(error: DomainError | None, invitation: object = None) -> dict[str, Any]:
    """Answer what became of one: done, or refused for this reason."""
    return {
        "result": "refused" if error else "done",
        "code": error.code if error else None,
        "detail": str(error.message) if error else None,
        "invitation": invitation,
    }


def summed(rows: Sequence[dict[str, Any]], *, dry_run: bool) -> dict[str, Any]:
    """Answer the rows with how many of them were done."""
    done = sum(row["result"] == "done" for row in rows)
    return {"dry_run": dry_run, "summary": {"done": done, "refused": len(rows) - done}, "data": rows}


def rehearsed[Answer](work: Callable[[], Answer]) -> Answer:
    """Answer what the work answers, with all that it did undone: what is told is what doing it would tell."""
    with transaction.atomic():
        answer = work()
        transaction.set_rollback(True)
    return answer
