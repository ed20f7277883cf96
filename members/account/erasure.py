"""What goes with a person's account: the account, their names and addresses in the audit log, in jobs and kept answers.

It is one part of the whole, which `workspace_admin.personal_data.services` puts together: each app erases what is in
its own tables. The workspaces concerned are locked by then.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import orjson
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models import Q, QuerySet

from members import audit
from members.addresses import ERASED
from members.models import AccountMail, AuditEvent, Job, JobRow, KeptAnswer, Membership, User, Workspace

PERSONAL = ("email", "name", "external_id", "metadata")
"""Fields of an event's changes that say who somebody is; the trigger of the audit log knows them too."""
_EVENTS = """
SELECT event.id FROM unnest(%(workspaces)s::uuid[]) AS place (id) CROSS JOIN LATERAL (
    SELECT id FROM members_auditevent WHERE workspace_id = place.id AND actor_id = %(user)s
    UNION SELECT id FROM members_auditevent WHERE workspace_id = place.id AND target_id = ANY(%(rows)s::uuid[])
    UNION SELECT id FROM members_auditevent WHERE workspace_id = place.id AND target_label = ANY(%(addresses)s::text[])
) event
"""
"""Find events by the indexes of each workspace: none begins with a person, and the log may be of any length."""
_ABOUT = "(target_id = ANY(%(rows)s::uuid[]) OR target_label = ANY(%(addresses)s::text[]))"
_BLANK_EVENTS = f"""
UPDATE members_auditevent SET
    actor_label = CASE WHEN actor_id = %(user)s OR actor_id IS NULL AND actor_label = ANY(%(addresses)s::text[])
        THEN '' ELSE actor_label END,
    target_label = CASE WHEN {_ABOUT} THEN '' ELSE target_label END,
    reason = CASE WHEN {_ABOUT} THEN '' ELSE reason END,
    changes = CASE WHEN {_ABOUT} THEN (
        SELECT coalesce(jsonb_object_agg(key, CASE WHEN key = ANY(%(personal)s::text[]) THEN '[null, null]' ELSE value END), '{{}}')
        FROM jsonb_each(changes)
    ) ELSE changes END
WHERE id IN ({_EVENTS})
"""  # noqa: E501, S608 -- no value stands in it
_BLANK_WORDS = """
UPDATE members_auditevent event SET
    reason = CASE WHEN found.in_reason THEN '' ELSE event.reason END,
    changes = CASE WHEN found.in_changes THEN jsonb_set(event.changes, '{email}', '[null, null]') ELSE event.changes END
FROM (
    SELECT id,
        EXISTS (
            SELECT FROM unnest(%(addresses)s::text[] || CASE WHEN workspace_id = ANY(%(places)s::uuid[])
                THEN %(names)s::text[] ELSE '{}' END) word WHERE strpos(lower(reason), word) > 0
        ) AS in_reason,
        EXISTS (SELECT FROM unnest(%(addresses)s::text[]) word WHERE changes -> 'email' ? word) AS in_changes
    FROM members_auditevent WHERE reason <> '' OR changes ? 'email'
) found
WHERE event.id = found.id AND (found.in_reason OR found.in_changes)
"""
"""Blank reasons of support that name the person, and addresses in events about others, such as one that was corrected.

The condition is that of the index `audit_with_words`, which holds few events."""


@dataclass(frozen=True, kw_only=True)
class Traces:
    """By what a person is found in the tables: account, names and addresses, former ones too, and rows of theirs."""

    user: User
    names: list[str]
    addresses: list[str]
    workspaces: list[uuid.UUID]
    """Those in which they are, or are invited."""
    invitations: set[uuid.UUID]
    rows: set[uuid.UUID]
    """Ids of memberships and invitations, gone ones too: what the audit log names as target."""

    def named_in(self, text: str) -> bool:
        """Return whether the text names the person."""
        return any(word.lower() in text.lower() for word in [*self.names, *self.addresses])


def former_names(user: User) -> tuple[list[str], list[str]]:
    """Return the names and the addresses that the account has and had, without addresses that are another's by now."""
    changed = {"member.renamed": {user.name}, "member.email_changed": {user.email}}
    events = AuditEvent.objects.filter(workspace_id__in=Workspace.objects.values("id"), actor_id=user.id)
    for action, changes in events.filter(action__in=changed).values_list("action", "changes"):
        for before_and_after in changes.values():
            changed[action].update(text for text in before_and_after if text)
    names, addresses = changed.values()
    others = User.objects.filter(email__in=addresses).exclude(id=user.id).values_list("email", flat=True)
    places = Membership.objects.filter(workspace__in=Workspace.objects.values("id"), email__in=addresses)
    taken = {*others, *places.exclude(Q(user=user) | Q(email=user.email)).values_list("email", flat=True)}
    return sorted(names - {""}), sorted(addresses - taken)


def rows_in_the_log(user: User, addresses: Collection[str]) -> set[uuid.UUID]:
    """Return the ids of memberships and invitations of theirs, gone ones too, as far as the audit log knows them."""
    events = AuditEvent.objects.filter(workspace_id__in=Workspace.objects.values("id"))
    own = events.filter(actor_id=user.id, action__in=["invitation.accepted", "member.renamed", "member.left"])
    about = events.filter(target_label__in=addresses, target_type__in=["membership", "invitation"])
    ids = {*own.values_list("target_id", flat=True), *about.values_list("target_id", flat=True)}
    return {one for one in ids if one is not None}


def events_of(traces: Traces) -> QuerySet[AuditEvent]:
    """Return the events that the person caused or that were about them, in any workspace."""
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, _wanted(traces))
        return AuditEvent.objects.filter(id__in=[event for (event,) in cursor.fetchall()])


def forget(traces: Traces) -> None:
    """Delete the account with all that hangs on it, and blank what names the person elsewhere in this app's tables."""
    _blank_events(traces)
    _blank_jobs(traces)
    _blank_answers(traces)
    AccountMail.objects.filter(email__in=traces.addresses).delete()
    for address in traces.addresses:
        LogEntry.objects.filter(Q(object_repr__icontains=address) | Q(change_message__icontains=address)).delete()
    traces.user.delete()


def _wanted(traces: Traces) -> dict[str, Any]:
    return {
        "user": traces.user.id,
        "rows": list(traces.rows),
        "addresses": traces.addresses,
        "workspaces": [*Workspace.objects.values_list("id", flat=True), audit.INSTALLATION],
    }


def _blank_events(traces: Traces) -> None:
    names = [name.lower() for name in traces.names]
    wanted = _wanted(traces) | {"names": names, "places": traces.workspaces, "personal": list(PERSONAL)}
    with connection.cursor() as cursor:
        # The trigger of the audit log lets nothing be blanked without it.
        cursor.execute("SELECT set_config('members.erasing', 'on', true)")
        cursor.execute(_BLANK_EVENTS, wanted)
        cursor.execute(_BLANK_WORDS, wanted)
        cursor.execute("SELECT set_config('members.erasing', '', true)")


def _blank_jobs(traces: Traces) -> None:
    """Blank the person in jobs, as the one who asked and as an item. An item still to be done is refused then."""
    Job.objects.filter(actor_id=traces.user.id).update(actor_name="", actor_email="", options={})
    for address in traces.addresses:
        Job.objects.filter(detail__icontains=address).update(detail="")
        rows = JobRow.objects.extra(
            where=["strpos(lower(item::text || coalesce(result::text, '')), %s) > 0"], params=[address]
        )
        for row in rows:
            row.item = {"email": f"{row.id}@{ERASED}"}
            row.result = row.result and {**row.result, **row.item}
            row.save(update_fields=["item", "result"])


def _blank_answers(traces: Traces) -> None:
    """Delete the answers to the person's own calls, and blank the person in answers to others'."""
    KeptAnswer.objects.filter(caller=traces.user.id).delete()
    for address in traces.addresses:
        told = KeptAnswer.objects.extra(where=["position(convert_to(%s, 'UTF8') IN body) > 0"], params=[address])
        for answer in told:
            body = bytes(answer.body or b"").replace(address.encode(), f"{traces.user.id}@{ERASED}".encode())
            for name in traces.names:
                body = body.replace(orjson.dumps(name), b'""')
            KeptAnswer.objects.filter(pk=answer.pk).update(body=body)
