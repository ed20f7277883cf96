"""A person's own data as JSON. Of other people it says nothing: neither who invited them nor whom they invited."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from billing_seats.models import Notice
from invitations.models import Delivery, Invitation
from members.account.erasure import Traces, events_of
from members.account.sessions import describe
from members.clock import database_now
from members.models import AccountMail, AuditEvent, User, Workspace
from workspace_admin.personal_data.traces import places, traces_of

VERSION = 1
"""Raised when a field is renamed or goes."""


def own_data(user: User) -> dict[str, Any]:
    """Return what the console keeps of the person, oldest first; the shape is in docs/personal-data.md."""
    traces = traces_of(user)
    invitations = Invitation.objects.filter(id__in=traces.invitations).select_related("workspace")
    return {
        "version": VERSION,
        "exported_at": database_now(),
        "account": _account(user, traces),
        "sessions": [
            {"device": describe(row.agent), "last_used_at": row.seen_at, "expires_at": row.expire_date}
            for row in user.sessions.filter(expire_date__gt=Now()).order_by("expire_date")
        ],
        "memberships": [_membership(member) for member in places(user)],
        "invitations": [_invitation(row) for row in invitations.order_by("created_at", "id")],
        "emails": sorted(_emails(traces), key=lambda mail: (mail["created_at"], mail["id"])),
        "audit_events": [_event(event, traces) for event in events_of(traces).order_by("occurred_at", "id")],
    }


def _account(user: User, traces: Traces) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "email_verified": user.email_verified,
        "former_emails": [email for email in traces.addresses if email != user.email],
        "name": user.name,
        "former_names": [name for name in traces.names if name != user.name],
        "language": user.language,
        "created_at": user.date_joined,
    }


def _workspace(workspace: Workspace) -> dict[str, Any]:
    return {"id": workspace.id, "name": workspace.name, "slug": workspace.slug}


def _membership(member: Any) -> dict[str, Any]:
    fields = ("status", "role", "email", "name", "external_id", "metadata")
    times = ("created_at", "joined_at", "last_active_at", "expires_at")
    return {
        "id": member.id,
        "workspace": _workspace(member.workspace),
        **{name: getattr(member, name) for name in fields},
        "seats": member.seat_names,
        **{name: getattr(member, name) for name in times},
    }


def _invitation(invitation: Invitation) -> dict[str, Any]:
    fields = ("status", "role", "email", "note", "external_id", "metadata")
    times = ("created_at", "sent_at", "expires_at", "accepted_at", "declined_at", "revoked_at")
    return {
        "id": invitation.id,
        "workspace": _workspace(invitation.workspace),
        **{name: getattr(invitation, name) for name in fields},
        **{name: getattr(invitation, name) for name in times},
    }


def _emails(traces: Traces) -> Iterator[dict[str, Any]]:
    """Yield the emails to each of their addresses, and those about their account."""
    to = traces.addresses
    houses = Workspace.objects.values("id")
    account = AccountMail.objects.filter(Q(user=traces.user) | Q(email__in=to))
    mails: list[tuple[Any, str, str]] = [
        *(
            (mail, mail.recipient, mail.shown)
            for mail in Delivery.objects.filter(workspace__in=houses, recipient__in=to)
        ),
        *((mail, mail.recipient, mail.state) for mail in Notice.objects.filter(recipient__in=to)),
        *((mail, mail.email, mail.state) for mail in account),
    ]
    for mail, recipient, status in mails:
        known = {"id": mail.id, "kind": mail.kind, "to": recipient, "status": status}
        yield known | {"created_at": mail.created_at, "sent_at": mail.sent_at}


def _event(event: AuditEvent, traces: Traces) -> dict[str, Any]:
    """Return an event; what it says of somebody else is left out."""
    about = event.target_id in traces.rows or event.target_label in traces.addresses
    by = event.actor_id == traces.user.id
    return {
        "id": event.id,
        "workspace": event.workspace_id,
        "action": event.action,
        "occurred_at": event.occurred_at,
        "by_you": by,
        "actor_type": event.actor_type,
        "about_you": about,
        "target_type": event.target_type,
        "changes": event.changes if about else {},
    }
