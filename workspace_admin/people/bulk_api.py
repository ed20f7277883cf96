"""One change to many members by one call of the REST API."""

import uuid
from collections.abc import Sequence
from typing import ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import WorkspaceResource
from billing_seats.lifecycle.batch import Orders
from billing_seats.lifecycle.bulk import MAX_MEMBERS, change_members, prepare
from members.access import Action, require
from members.errors import InvalidRequest, LastAdmin, MemberInvited, NotFound, OverAssigned, SeatsExhausted
from members.models import Role, Status
from members.rest.bulk import BulkRow, Row, bulk_of, outcome, refusal_code, with_summary
from members.rest.describe import described
from members.rest.fields import BoundedList, Id, StrictBoolean, Text
from members.rest.resource import Strict


def _slugs(about: str) -> BoundedList:
    return BoundedList(child=Text(max_length=50), max_length=100, default=list, help_text=about)


class BulkSet(Strict):
    """What shall be so of each member; what is not given stays as it is."""

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
    seats_add = _slugs("Slugs of products of which each gets a seat.")
    seats_remove = _slugs("Slugs of products of which nobody keeps a seat.")
    remove = StrictBoolean(default=False, help_text="Removes them; stands alone.")


class BulkChange(Strict):
    """Whose change, and which."""

    members = BoundedList(child=Id(), min_length=1, max_length=MAX_MEMBERS)
    set = BulkSet()
    dry_run = StrictBoolean(default=False, help_text="Answers what would be done, and does nothing.")


class BulkMember(BulkRow):
    """What became of one member; `invitation` is the one to revoke of who has not joined yet."""

    member = serializers.UUIDField()
    code = refusal_code(NotFound, InvalidRequest, SeatsExhausted, MemberInvited, LastAdmin, OverAssigned)


class BulkMembers(WorkspaceResource):
    """Many members at once."""

    in_parts = True

    @described("Change many members", bulk_of(BulkMember), body=BulkChange)
    def post(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Change up to 1,000 members; each gets their own answer, in the order given, and what can be done is done.

        A member for whom not all of it can be done stays as they are. One that is not of this workspace: nothing is
        done. A hundred at a time are committed: repeated under the same Idempotency-Key, the call goes on where it was.
        """
        require(self.actor, Action.CHANGE_ROLE)
        asked = self.body(BulkChange)
        orders, ids = Orders(**asked["set"]), list(dict.fromkeys(asked["members"]))
        if asked["dry_run"]:
            rows = self.part(1, lambda: self._rehearsed(ids, orders))
        else:
            self.part(1, lambda: self._prepared(ids, orders))
            rows = self.in_chunks(
                ids, lambda chunk: self._changed(chunk, orders), lambda member: {"member": member}, first_part=2
            )
        by_member = dict(zip(ids, rows, strict=True))
        return Response(with_summary([by_member[member] for member in asked["members"]], dry_run=asked["dry_run"]))

    def _rehearsed(self, ids: Sequence[uuid.UUID], orders: Orders) -> list[Row]:
        self._prepared(ids, orders)
        return self._changed(ids, orders, dry_run=True)

    def _prepared(self, ids: Sequence[uuid.UUID], orders: Orders) -> None:
        """Look once whether all are known: when the call is repeated, those who were removed are not."""
        prepare(self.actor, ids, orders)

    def _changed(self, chunk: Sequence[uuid.UUID], orders: Orders, *, dry_run: bool = False) -> list[Row]:
        """Change the members of one chunk and return a row for each."""
        answers = change_members(self.actor, chunk, orders, dry_run=dry_run)
        invited = [answer.member_id for answer in answers if isinstance(answer.error, MemberInvited)]
        pending = self.actor.workspace.invitations.filter(membership__in=invited, status="pending") if invited else None
        offers = dict(pending.values_list("membership_id", "id")) if pending is not None else {}
        return [
            {"member": answer.member_id} | outcome(answer.error, offers.get(answer.member_id)) for answer in answers
        ]
