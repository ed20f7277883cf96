"""Reading a workspace's audit log: always through an index, however long the log is."""

from collections.abc import Iterator
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan

from members.access import Action, Actor, require
from members.models import AuditEvent, User, Workspace
from members.names import lexemes_of
from members.rest.pagination import Order

NEWEST_FIRST = Order("newest", "occurred_at", descending=True, timed=True)
CHUNK = 1_000
"""Events in memory at a time."""
MAX_PEOPLE = 50


def events(actor: Actor) -> QuerySet[AuditEvent]:
    """Return the events of the actor's workspace.

    Raises:
        PermissionDenied
    """
    require(actor, Action.VIEW_AUDIT)
    return AuditEvent.objects.filter(workspace_id=actor.workspace.id)


def about(rows: QuerySet[AuditEvent], workspace: Workspace, text: str) -> QuerySet[AuditEvent]:
    """Return the events that a person caused or that were about them; none if the text holds nothing to search for.

    ``text`` is the start of words of their name or address, or the whole address of someone who has left.
    """
    lexemes = lexemes_of(workspace.id, text)
    found = workspace.memberships.having(lexemes) if lexemes else workspace.memberships.none()
    people = list(found.values_list("user_id", "email")[:MAX_PEOPLE])
    emails = {email for _user, email in people}
    users = {user_id for user_id, _email in people if user_id is not None}
    if "@" in text:
        whole = text.strip().lower()
        emails.add(whole)
        users |= set(User.objects.filter(email=whole).values_list("id", flat=True))
    return rows.filter(Q(actor_id__in=users) | Q(target_label__in=emails))


def each(rows: QuerySet[AuditEvent]) -> Iterator[AuditEvent]:
    """Yield all of the events, newest first, read in chunks: memory does not grow with the log."""
    rows, place = rows.order_by("-occurred_at", "-id"), None
    while True:
        older: Any = TupleLessThan(Tuple(F("occurred_at"), F("id")), place) if place else Q()
        chunk = list(rows.filter(older)[:CHUNK])
        yield from chunk
        if len(chunk) < CHUNK:
            return
        place = (chunk[-1].occurred_at, chunk[-1].id)
