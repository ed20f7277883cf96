"""Inviting many addresses by one call of the REST API."""

import uuid
from collections.abc import Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import WorkspaceResource
from invitations import services
from invitations.api_schemas import OfferTerms
from invitations.inviting import Answer
from members.access import Action, require
from members.addresses import canonical
from members.errors import (
    AlreadyInvited,
    AlreadyMember,
    InvalidRequest,
    OverAssigned,
    RateLimited,
    SeatsExhausted,
    Undeliverable,
)
from members.rest.bulk import BulkRow, Row, bulk_of, outcome, refusal_code, with_summary
from members.rest.describe import described
from members.rest.fields import BoundedList, StrictBoolean, Text


class NewInvitations(OfferTerms):
    """Addresses to be invited on the same terms; only `emails` is required."""

    emails = BoundedList(child=Text(max_length=1000, allow_blank=True), min_length=1, max_length=services.MAX_ADDRESSES)
    dry_run = StrictBoolean(default=False, help_text="Answers what would be done, and does nothing.")


class BulkInvitation(BulkRow):
    """What became of one address; `invitation` is the new one, or the one that stands in the way."""

    email = serializers.CharField()
    code = refusal_code(
        InvalidRequest, AlreadyMember, AlreadyInvited, Undeliverable, SeatsExhausted, OverAssigned, RateLimited
    )


def _key(text: str) -> str:
    """Answer the address as it is stored, so that one written in two ways is invited once; else the text as it is."""
    try:
        return canonical(text)
    except InvalidRequest:
        return text


def _id(answer: Answer) -> uuid.UUID | None:
    """Answer the id of the invitation that was made, renewed or is in the way; None: a dry run would have made it."""
    offer = answer.invitation
    return offer.id if offer is not None and offer.membership_id is not None else None


class BulkInvitations(WorkspaceResource):
    """Many invitations at once."""

    in_parts = True

    @described("Invite many", bulk_of(BulkInvitation), body=NewInvitations)
    def post(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Invite up to 1,000 addresses; each gets its own answer, in the order given, and what can be sent is sent.

        A hundred at a time are committed: repeated under the same Idempotency-Key, the call goes on where it was.
        """
        require(self.actor, Action.INVITE)
        asked = self.body(NewInvitations)
        keys = [_key(text) for text in asked["emails"]]
        unique = tuple(dict.fromkeys(keys))
        if asked["dry_run"]:
            rows = self.part(1, lambda: self._invited(unique, asked))
        else:
            rows = self.in_chunks(unique, lambda chunk: self._invited(chunk, asked), lambda text: {"email": text})
        by_key = dict(zip(unique, rows, strict=True))
        return Response(with_summary([by_key[key] for key in keys], dry_run=asked["dry_run"]))

    def _invited(self, chunk: Sequence[str], asked: dict[str, Any]) -> list[Row]:
        """Invite the addresses of one chunk and return a row for each."""
        answers = services.invite(
            self.actor,
            chunk,
            role=asked["role"],
            products=asked["seats"],
            language=asked["locale"],
            note=asked["message"],
            days=asked["expires_in_days"],
            dry_run=asked["dry_run"],
        )
        return [{"email": answer.email} | outcome(answer.error, _id(answer)) for answer in answers]
