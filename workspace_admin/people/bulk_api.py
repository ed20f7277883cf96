"""One change to many members by one call of the REST API."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import JobShape, WorkspaceResource
from billing_seats.lifecycle.changes import MemberChanges
from billing_seats.lifecycle.previews import find_preview, save_preview
from billing_seats.lifecycle.services import MAX_MEMBERS, change_members, prepare
from billing_seats.models import MemberPreview
from members.access import Action, require
from members.errors import (
    Duplicate,
    InvalidRequest,
    LastAdmin,
    MemberInvited,
    NotFound,
    OverAssigned,
    PreconditionFailed,
    SeatsExhausted,
)
from members.job import Job
from members.jobs import services as jobs
from members.models import Role, Status
from members.rest.bulk import BulkRow, Row, bulk_of, refusal_code, with_summary
from members.rest.describe import described
from members.rest.fields import BoundedList, Id, StrictBoolean, Text, Timestamp
from members.rest.resource import Strict
from workspace_admin.people import queries
from workspace_admin.people.api import MemberFilter, seats_gone
from workspace_admin.people.bulk_jobs import doubled, rows, start_changes, start_job


def _slugs(about: str) -> BoundedList:
    return BoundedList(child=Text(max_length=50), max_length=100, default=list, help_text=about)


class BulkSet(Strict):
    """What to change about each member; what is left out stays as it is."""

    constraints: ClassVar = {
        "minProperties": 1,
        "not": {
            "description": "A change of nothing.",
            "properties": {
                "remove": {"const": False},
                "seats_add": {"maxItems": 0},
                "seats_remove": {"maxItems": 0},
            },
            "additionalProperties": False,
        },
    }

    role = serializers.ChoiceField(choices=Role.choices, required=False)
    status = serializers.ChoiceField(choices=[Status.ACTIVE.value, Status.DEACTIVATED.value], required=False)
    expires_at = Timestamp(required=False, allow_null=True, help_text="When the access ends; null for never.")
    seats_add = _slugs("Slugs of products to assign a seat of.")
    seats_remove = _slugs("Slugs of products to remove the seat of.")
    remove = StrictBoolean(default=False, help_text="Removes them; cannot be combined with other changes.")


class BulkFilter(MemberFilter):
    """All members to whom this applies."""

    constraints: ClassVar = {"minProperties": 1}

    def to_internal_value(self, data: Any) -> Any:
        """Return the values, or raise ValidationError: an empty filter would mean everybody."""
        if data == {}:
            raise serializers.ValidationError("Give at least one filter.", code="required")
        return super().to_internal_value(data)


class BulkChange(Strict):
    """Which members, by id or by filter, and what to change."""

    constraints: ClassVar = {
        "not": {
            "description": "Anything but one of `members` and `filter` with `set`, or `preview` alone.",
            "anyOf": [
                {"required": ["members", "filter"]},
                {"required": ["preview", "members"]},
                {"required": ["preview", "filter"]},
                {"required": ["preview", "set"]},
                {"required": ["preview", "dry_run"]},
                {"not": {"anyOf": [{"required": [name]} for name in ("members", "filter", "preview")]}},
                {"not": {"anyOf": [{"required": [name]} for name in ("set", "preview")]}},
            ],
        },
    }

    members = BoundedList(child=Id(), min_length=1, max_length=jobs.MAX_ITEMS, required=False)
    filter = BulkFilter(required=False)
    set = BulkSet(required=False)
    dry_run = StrictBoolean(
        default=False,
        help_text="Does nothing; returns what would be done, and a `preview` id valid for 15 minutes.",
    )
    preview = Id(required=False, help_text="Does what this dry run showed; rows that changed since are refused.")

    def to_internal_value(self, data: Any) -> Any:
        """Return the values, or raise ValidationError unless it is said once which members and what to change."""
        wrong: dict[str, Any] = {}
        given = data.keys() if isinstance(data, dict) else set()
        if "preview" in given:
            wrong = {name: ["Leave this out: the preview says it."] for name in _SAID_BY_PREVIEW if name in given}
        elif isinstance(data, dict):
            if len(given & {"members", "filter"}) != 1:
                wrong["members"] = ["Give either `members` or `filter`."]
            if "set" not in given:
                wrong["set"] = ["Say what to change."]
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({**wrong, **serializers.as_serializer_error(error)}) from None
        if wrong:
            raise serializers.ValidationError(wrong, code="required")
        return values


_SAID_BY_PREVIEW = ("members", "filter", "set", "dry_run")


class BulkMember(BulkRow):
    """The result for one member; for one who has not joined yet, `invitation` is the one to revoke."""

    member = serializers.UUIDField()
    code = refusal_code(
        *(NotFound, InvalidRequest, SeatsExhausted, MemberInvited, LastAdmin, OverAssigned),
        *(Duplicate, PreconditionFailed),
    )
    seats_gone = seats_gone()


class BulkMembersResult(bulk_of(BulkMember)):  # type: ignore[misc]  # -- a class made by a function
    """The result of a bulk change."""

    preview = serializers.UUIDField(required=False, help_text="Of a dry run: with this id, exactly it can be done.")


class BulkMembers(WorkspaceResource):
    """Many members at once."""

    in_parts = True

    @described("Change many members", BulkMembersResult, body=BulkChange, accepted=JobShape)
    def post(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Change up to 1,000 members, or up to 10,000 in the background with `Prefer: respond-async`.

        What can be done is done; each gets a row, in the order given.

        A member for whom not all of it can be done stays as they are. With the id of another workspace's member,
        nothing is done. A hundred members at a time are committed: repeated with the same Idempotency-Key, the call
        goes on where it stopped.
        """
        require(self.actor, Action.CHANGE_ROLE)
        asked = self.body(BulkChange)
        if self.is_async and not asked["dry_run"]:
            return self.in_background(lambda: self._start(asked))
        self.require_at_most(MAX_MEMBERS, asked.get("members", ()), "members")
        prepared = self.part(1, lambda: self._prepared(asked))
        changes, shown = MemberChanges.from_json(prepared["changes"]), prepared["shown"]
        ids = [uuid.UUID(member) for member in prepared["ids"]]
        known = list(dict.fromkeys(ids))
        if asked["dry_run"]:
            tried = self.part(2, lambda: self._tried(known, changes))
            return Response(with_summary(_in_order(ids, tried["rows"]), dry_run=True) | {"preview": tried["preview"]})
        done = self.in_chunks(
            known, lambda chunk: self._changed(chunk, changes, shown), lambda member: {"member": member}, first_part=2
        )
        return Response(with_summary(_in_order(ids, done), dry_run=False))

    def _start(self, asked: dict[str, Any]) -> Job:
        if "preview" in asked:
            return start_changes(self.actor, self._preview(asked["preview"]))
        changes, ids = self._asked(asked, jobs.MAX_ITEMS)
        with _fields_of_set():
            return start_job(self.actor, ids, changes)

    def _preview(self, preview_id: uuid.UUID) -> MemberPreview:
        """Return the preview; one of invitations, made on the Members page, counts as none."""
        preview = find_preview(self.actor, preview_id)
        if "invitations" in preview.changes:
            raise InvalidRequest("This preview isn't of a change to members.", field="preview")
        return preview

    def _prepared(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return whom to change and how, checked once: a repetition may come after some were removed."""
        if "preview" in asked:
            preview = self._preview(asked["preview"])
            return {"changes": preview.changes, "ids": [row[0] for row in preview.rows], "shown": dict(preview.rows)}
        changes, ids = self._asked(asked, MAX_MEMBERS)
        return {"changes": changes.to_json(), "ids": [str(member) for member in ids], "shown": None}

    def _asked(self, asked: dict[str, Any], most: int) -> tuple[MemberChanges, list[uuid.UUID]]:
        """Return what to change and about whom: at most so many, all of this workspace."""
        changes = MemberChanges(**asked["set"])
        if changes.is_empty:
            raise InvalidRequest("Say what to change.", field="set", code="required")
        with _fields_of_set():
            ids = asked.get("members")
            if ids is None:
                ids = queries.ids(self.actor.workspace, asked["filter"], most + 1)
                if len(ids) > most:
                    message = f"More than {most:,} members match. Narrow the filter."
                    raise InvalidRequest(message, field="filter", code="too_many")
            prepare(self.actor, ids, changes)
        return changes, ids

    def _tried(self, ids: Sequence[uuid.UUID], changes: MemberChanges) -> dict[str, Any]:
        """Return what would be done, and the id under which that is kept."""
        with _fields_of_set():
            results = change_members(self.actor, ids, changes, dry_run=True)
        return {"rows": rows(self.actor, results), "preview": save_preview(self.actor, changes, results).id}

    def _changed(self, chunk: Sequence[uuid.UUID], changes: MemberChanges, shown: dict[str, Any] | None) -> list[Row]:
        """Change the members of one chunk and return a row for each."""
        with _fields_of_set():
            return rows(self.actor, change_members(self.actor, chunk, changes, shown=shown))


def _in_order(ids: Sequence[uuid.UUID], done: Sequence[Row]) -> list[Row]:
    """Return a row for each id, in the order given; an id that was given before is a duplicate."""
    left = {uuid.UUID(str(row["member"])): row for row in done}
    return [left.pop(member) if member in left else doubled(member) for member in ids]


@contextmanager
def _fields_of_set() -> Iterator[None]:
    """Name the fields of ``set`` as the body nests them."""
    try:
        yield
    except InvalidRequest as error:
        if error.field in {"members", "filter"}:
            raise
        code = error.extra["errors"][0]["code"]
        raise InvalidRequest(error.message, field=f"set.{error.field}", code=code) from None
