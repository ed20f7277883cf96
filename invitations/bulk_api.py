"""Inviting, resending and revoking many by one call of the REST API."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Q
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import JobShape, WorkspaceResource
from billing_seats.budgets import sellable_products
from billing_seats.plans import Feature, require_feature
from invitations import services
from invitations.api_schemas import STATUSES, ChosenInvitations, NewInvitations
from invitations.inviting import MAX_ADDRESSES, Invitee, InviteResult, invite_each
from members.access import Action, Actor, require
from members.addresses import canonical
from members.errors import (
    AlreadyInvited,
    AlreadyMember,
    Duplicate,
    InvalidRequest,
    InvitationNotPending,
    NotFound,
    OverAssigned,
    RateLimited,
    SeatsExhausted,
    Undeliverable,
)
from members.job import Job
from members.jobs import services as jobs
from members.rest.bulk import BulkRow, Row, bulk_of, outcome, refusal_code, with_summary
from members.rest.describe import described

type _Service = Callable[[Actor, Sequence[uuid.UUID]], list[InviteResult]]

DOUBLE = "duplicate_of"
"""Marks an item of a job whose address came before, with that address."""
_SHARED = ("role", "seats", "locale", "message", "expires_in_days")
_SERVICE_NAMES = {"seats": "products", "locale": "language", "message": "note", "expires_in_days": "days"}
"""The API's names of fields whose services call them otherwise."""


def invitee_of(values: dict[str, Any]) -> Invitee:
    """Return the person to invite whom these values of the API describe."""
    return Invitee(**{_SERVICE_NAMES.get(name, name): value for name, value in values.items()})


class BulkInvitation(BulkRow):
    """The result for one address; `invitation` is the new one, or the one in the way."""

    email = serializers.CharField()
    code = refusal_code(
        InvalidRequest,
        AlreadyMember,
        AlreadyInvited,
        Undeliverable,
        SeatsExhausted,
        OverAssigned,
        RateLimited,
        Duplicate,
    )


class BulkInvitations(WorkspaceResource):
    """Many invitations at once."""

    in_parts = True

    @described("Invite many", bulk_of(BulkInvitation), body=NewInvitations, accepted=JobShape)
    def post(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Invite up to 1,000 people, or up to 10,000 in the background with `Prefer: respond-async`.

        Each has a result of their own, in the order given: what can be sent is sent.
        They are committed a hundred at a time: repeated under the same Idempotency-Key, the call continues where it
        stopped.
        """
        require(self.actor, Action.INVITE)
        asked = self.body(NewInvitations)
        shared = {name: asked[name] for name in _SHARED}
        items = asked["items"] if "items" in asked else [{"email": text} for text in asked["emails"]]
        items = [{**shared, **item} for item in items]
        people = [invitee_of(item) for item in items]
        doubles = _doubles(people)
        self._require_products(shared["seats"])
        if self.is_async and not asked["dry_run"]:
            marked = [
                item | {DOUBLE: doubles[number]} if number in doubles else item for number, item in enumerate(items)
            ]
            return self.in_background(lambda: jobs.start(self.actor, Action.INVITE, "invitations.invite", marked, {}))
        self.require_at_most(MAX_ADDRESSES, items, "items" if "items" in asked else "emails")
        once = [person for number, person in enumerate(people) if number not in doubles]
        if asked["dry_run"]:
            done = self.part(1, lambda: _invited(self.actor, once, dry_run=True))
        else:
            done = self.in_chunks(
                once, lambda chunk: _invited(self.actor, chunk), lambda person: {"email": person.email}
            )
        rest = iter(done)
        rows = [
            {"email": doubles[number]} | outcome(Duplicate()) if number in doubles else next(rest)
            for number in range(len(people))
        ]
        return Response(with_summary(rows, dry_run=asked["dry_run"]))

    def _require_products(self, slugs: Sequence[str]) -> None:
        """Raise InvalidRequest if one of the shared products cannot be had: that is said once, not in each row."""
        require_feature(self.actor.workspace, Feature.INVITATIONS)
        sellable_products(self.actor.workspace, list(dict.fromkeys(slugs)))


def invite_chunk(actor: Actor, items: Sequence[dict[str, Any]], _options: dict[str, Any]) -> list[Row]:
    """Invite the people of one chunk of a job and return a row for each: the handler of ``invitations.invite``."""
    done = iter(_invited(actor, [invitee_of(item) for item in items if DOUBLE not in item]))
    return [{"email": item[DOUBLE]} | outcome(Duplicate()) if DOUBLE in item else next(done) for item in items]


def _invited(actor: Actor, people: Sequence[Invitee], *, dry_run: bool = False) -> list[Row]:
    """Invite the people of one chunk and return a row for each."""
    if not people:
        return []
    results = invite_each(actor, people, dry_run=dry_run)
    return [{"email": result.email} | outcome(result.error, _id(result)) for result in results]


def _doubles(people: Sequence[Invitee]) -> dict[int, str]:
    """Return the places in the list of those whose address stands there before, with the address."""
    seen: set[str] = set()
    doubles = {}
    for number, person in enumerate(people):
        try:
            email = canonical(person.email)
        except InvalidRequest:
            continue
        if email in seen:
            doubles[number] = email
        seen.add(email)
    return doubles


def _id(result: InviteResult) -> uuid.UUID | None:
    """Return the id of the invitation sent, or in the way; None for one that a dry run would have made."""
    offer = result.invitation
    return offer.id if offer is not None and offer.membership_id is not None else None


class InvitationResult(BulkRow):
    """The result for one invitation."""

    email = serializers.CharField()
    code = refusal_code(
        NotFound, InvitationNotPending, Undeliverable, SeatsExhausted, OverAssigned, RateLimited, Duplicate
    )


RESULTS = bulk_of(InvitationResult)


def resend_chunk(actor: Actor, items: Sequence[dict[str, Any]], _options: dict[str, Any]) -> list[Row]:
    """Resend the invitations of one chunk of a job and return a row for each."""
    return _on_each(services.resend_each, actor, [item["invitation"] for item in items])


def revoke_chunk(actor: Actor, items: Sequence[dict[str, Any]], _options: dict[str, Any]) -> list[Row]:
    """Revoke the invitations of one chunk of a job and return a row for each."""
    return _on_each(services.revoke_each, actor, [item["invitation"] for item in items])


def _on_each(service: _Service, actor: Actor, ids: Sequence[str]) -> list[Row]:
    results = service(actor, [uuid.UUID(one) for one in ids])
    return [{"email": result.email} | outcome(result.error, one) for one, result in zip(ids, results, strict=True)]


class _OnChosen(WorkspaceResource):
    """What is done to chosen invitations, a hundred of them at a time."""

    in_parts = True

    def run(self, action: Action, service: _Service) -> Response:
        """Call the service for each chunk and return a row for each invitation, in the order given."""
        require(self.actor, action)
        asked = self.body(ChosenInvitations)
        if self.is_async:
            return self.in_background(lambda: self._start(action, asked))
        self.require_at_most(MAX_ADDRESSES, asked.get("invitations", ()), "invitations")
        # Stored as a part of its own: when the call is repeated, a filter finds other invitations.
        chosen = self.part(1, lambda: self._chosen(asked, MAX_ADDRESSES))
        rows = self.in_chunks(
            chosen,
            lambda chunk: _on_each(service, self.actor, [str(one["id"]) for one in chunk]),
            lambda one: {"email": one["email"], "invitation": one["id"]},
            first_part=2,
        )
        return Response(with_summary(rows, dry_run=False))

    def _start(self, action: Action, asked: dict[str, Any]) -> Job:
        items = [{"invitation": one["id"]} for one in self._chosen(asked, jobs.MAX_ITEMS)]
        return jobs.start(self.actor, action, f"invitations.{action}", items, {})

    def _chosen(self, asked: dict[str, Any], most: int) -> list[dict[str, Any]]:
        """Return id and address of each chosen invitation: every id once, in the order given.

        Raises:
            NotFound: one is not of this workspace.
            InvalidRequest: the filter finds more than ``most``.
        """
        rows = self.actor.workspace.invitations.order_by("-created_at", "-id")
        if "filter" in asked:
            found = list(_filtered(rows, asked["filter"]).values("id", "email")[: most + 1])
            if len(found) > most:
                message = f"The filter finds more than {most:,} invitations. Narrow it down."
                raise InvalidRequest(message, field="filter", code="too_many")
            return found
        ids = list(dict.fromkeys(asked["invitations"]))
        emails = dict(rows.filter(id__in=ids).values_list("id", "email"))
        if len(emails) != len(ids):
            raise NotFound
        return [{"id": one, "email": emails[one]} for one in ids]


def _filtered(rows: Any, conditions: dict[str, Any]) -> Any:
    rows = rows.filter(STATUSES[conditions["status"]] if "status" in conditions else _OPEN)
    if "email" in conditions:
        rows = rows.filter(email=canonical(conditions["email"]))
    if "external_id" in conditions:
        rows = rows.filter(~Q(external_id=""), external_id=conditions["external_id"])  # the index's own condition
    return rows


_OPEN = STATUSES["pending"] | STATUSES["expired"]


class BulkResending(_OnChosen):
    """Sending many invitations anew."""

    @described("Resend many invitations", RESULTS, body=ChosenInvitations, accepted=JobShape, refuses=[NotFound])
    def post(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Resend up to 1,000 invitations, by id or by filter; each has a result of its own.

        With `Prefer: respond-async`, up to 10,000 in the background.
        """
        return self.run(Action.RESEND, services.resend_each)


class BulkRevocation(_OnChosen):
    """The end of many invitations."""

    @described("Revoke many invitations", RESULTS, body=ChosenInvitations, accepted=JobShape, refuses=[NotFound])
    def post(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Revoke up to 1,000 invitations, by id or by filter; each has a result of its own.

        With `Prefer: respond-async`, up to 10,000 in the background.
        """
        return self.run(Action.REVOKE, services.revoke_each)
