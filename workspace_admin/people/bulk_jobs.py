"""Changes to more people than a request can wait for: jobs, and the rows that the API and a job write for each."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from billing_seats.lifecycle.changes import MemberChanges, MemberResult
from billing_seats.lifecycle.services import change_members
from billing_seats.models import MemberPreview
from members.access import Action, Actor
from members.acting import acting
from members.errors import Duplicate, MemberInvited
from members.job import Job
from members.jobs import services as jobs
from members.rest.bulk import Row, outcome
from workspace_admin.people.api import gone

KIND = "members.change"
_ON_INVITATIONS = {"resend": Action.RESEND, "revoke": Action.REVOKE}


def start_changes(actor: Actor, preview: MemberPreview) -> Job:
    """Start a job that does what the actor's preview showed, to members or to their invitations, and return it.

    Every row of the preview has a result, those too that it showed as refused.
    """
    ids = [uuid.UUID(row[0]) for row in preview.rows]
    if do := preview.changes.get("invitations"):
        items = [{"invitation": one} for one in ids]
        return jobs.start(actor, _ON_INVITATIONS[do], f"invitations.{do}", items, {})
    return start_job(actor, ids, MemberChanges.from_json(preview.changes), dict(preview.rows))


def start_job(
    actor: Actor, ids: Sequence[uuid.UUID], changes: MemberChanges, shown: Mapping[str, Any] | None = None
) -> Job:
    """Start a job that makes the changes to these members, if ``shown`` only as a preview has shown, and return it.

    Raises:
        InvalidRequest, PlanRequired: the change can be made to nobody.
        PermissionDenied, RateLimited
    """
    items: list[dict[str, Any]] = []
    seen: set[uuid.UUID] = set()
    for one in ids:
        double = {"duplicate": True} if one in seen else {}
        items.append({"member": one} | double | ({} if shown is None else {"shown": shown[str(one)]}))
        seen.add(one)
    with acting(actor, *changes.actions) as current:
        change_members(current, ids[:1], changes, dry_run=True)
        return jobs.start(current, changes.actions[0], KIND, items, changes.to_json())


def change_chunk(actor: Actor, items: Sequence[dict[str, Any]], options: dict[str, Any]) -> list[Row]:
    """Change the members of one chunk of a job and return a row for each."""
    once = [item for item in items if "duplicate" not in item]
    ids = [uuid.UUID(item["member"]) for item in once]
    shown = {item["member"]: item["shown"] for item in once if "shown" in item}
    done = iter(rows(actor, change_members(actor, ids, MemberChanges.from_json(options), shown=shown or None)))
    return [next(done) if "duplicate" not in item else doubled(item["member"]) for item in items]


def rows(actor: Actor, results: Sequence[MemberResult]) -> list[Row]:
    """Return a row for each result; where the person has not joined yet, it names the invitation to revoke."""
    invited = [result.member_id for result in results if isinstance(result.error, MemberInvited)]
    pending = actor.workspace.invitations.filter(membership__in=invited, status="pending") if invited else None
    offers = dict(pending.values_list("membership_id", "id")) if pending is not None else {}
    return [
        {"member": result.member_id} | outcome(result.error, offers.get(result.member_id)) | gone(result)
        for result in results
    ]


def doubled(member: object) -> Row:
    """Return the row of a member who is named a second time."""
    return {"member": member} | outcome(Duplicate())
