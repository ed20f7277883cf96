"""What is sent and answered, by example: for every body and every success, by the call's operation id."""

from typing import Any

from django.utils.text import slugify

from workspace_admin.reference import sample_data
from workspace_admin.reference.sample_data import CHAT, CODE

type Shown = dict[str, Any]
"""Values by what they show."""


def named(shown: Shown) -> dict[str, Any]:
    """Return examples in OpenAPI's form."""
    return {slugify(summary): {"summary": summary, "value": value} for summary, value in shown.items()}


def _page(*items: Any, more: str | None = None) -> dict[str, Any]:
    return {"data": list(items), "next_cursor": more, "prev_cursor": None}


def _bulk(*rows: Any, dry_run: bool = False) -> dict[str, Any]:
    done = sum(row["result"] == "done" for row in rows)
    return {"dry_run": dry_run, "summary": {"done": done, "refused": len(rows) - done}, "data": list(rows)}


def _row(code: str | None = None, detail: str | None = None, invitation: str | None = None, **of: str) -> Shown:
    return of | {
        "result": "refused" if code else "done",
        "code": code,
        "detail": detail,
        "invitation": invitation,
    }


def bodies() -> dict[str, Shown]:
    """Return the example request bodies."""
    return {
        "change-a-workspace": {"Rename": {"name": "Acme & Sons"}, "No reminders": {"reminders": False}},
        "change-a-member": {
            "Another role": {"role": "billing"},
            "Deactivate": {"status": "deactivated"},
            "A guest's last day": {"expires_at": "2026-06-30T22:00:00Z"},
            "Your own id and labels": {"external_id": "hr-1007", "metadata": {"team": "sales"}},
        },
        "change-many-members": {
            "Give seats": {"members": [sample_data.ALICE, sample_data.BOB], "set": {"seats_add": [CODE]}},
            "Try a removal": {"members": [sample_data.BOB], "set": {"remove": True}, "dry_run": True},
        },
        **_invitation_bodies(),
        "change-the-seats-bought": {"Twelve": {"purchased": 12}},
        "create-an-api-key": {
            "To read, without end": {"name": "Dashboard"},
            "To write, for a year": {"name": "Nightly sync", "scope": "write", "expires_at": "2027-02-03T14:00:00Z"},
        },
    }


def _invitation_bodies() -> dict[str, Shown]:
    return {
        "invite-someone": {
            "An address is enough": {"email": "ines@acme.example"},
            "With everything": {
                "email": "ines@acme.example",
                "role": "member",
                "seats": [CHAT],
                "locale": "fr",
                "message": "Bienvenue chez Acme !",
                "expires_in_days": 14,
            },
        },
        "invite-many": {
            "Try it first": {"emails": ["henri@acme.example", "bob@acme.example"], "seats": [CHAT], "dry_run": True},
            "Send": {"emails": ["henri@acme.example", "jonas@acme.example"], "role": "member", "seats": [CHAT]},
            "Each on their own terms": {
                "items": [
                    {"email": "henri@acme.example", "name": "Henri Roux", "external_id": "hr-1042"},
                    {"email": "jonas@acme.example", "role": "billing", "seats": [], "metadata": {"team": "finance"}},
                ],
                "seats": [CHAT],
            },
        },
        "resend-many-invitations": {
            "By id": {"invitations": [sample_data.OFFER]},
            "All that have expired": {"filter": {"status": "expired"}},
        },
        "revoke-many-invitations": {
            "By id": {"invitations": [sample_data.OFFER]},
            "By your own id": {"filter": {"external_id": "hr-1042"}},
        },
        "edit-an-invitation": {
            "Another role, no seats": {"role": "billing", "seats": []},
            "More time": {"expires_at": "2026-03-20T18:00:00Z"},
        },
    }


def answers() -> dict[str, Shown]:
    """Return the example responses of successful calls."""
    return _of_members() | _of_invitations() | _of_jobs() | _of_the_workspace()


def _of_members() -> dict[str, Shown]:
    return {
        "list-members": {
            "One page of many": _page(sample_data.bob, sample_data.ines, more=sample_data.CURSOR),
            "With the total": {**_page(sample_data.bob, sample_data.ines), "total": 2},
        },
        "show-a-member": {"A member": sample_data.bob, "An invitee": sample_data.ines},
        "change-a-member": {"Another role": sample_data.bob | {"role": "billing"}},
        "change-many-members": {
            "Each has their answer": _bulk(
                _row(member=sample_data.ALICE),
                _row("seats_exhausted", "No Mistral Code seat is available.", member=sample_data.BOB),
            )
        },
        "list-seats-of-a-member": {"One seat": _page(sample_data.seat)},
        "give-a-seat": {"A seat": sample_data.seat},
    }


def _of_invitations() -> dict[str, Shown]:
    taken = "This person is already a member of the workspace."
    return {
        "list-invitations": {"One page": _page(sample_data.offer)},
        "invite-someone": {"On its way": sample_data.offer},
        "invite-many": {
            "Sent": _bulk(
                _row(email="henri@acme.example", invitation=sample_data.OFFER),
                _row("already_member", taken, email="bob@acme.example"),
            ),
            "Only tried": _bulk(_row(email="henri@acme.example"), dry_run=True),
        },
        "show-an-invitation": {
            "Delivered": sample_data.offer | {"delivery": {"status": "delivered", "at": "2026-03-02T10:05:09Z"}}
        },
        "edit-an-invitation": {"Another role, no seats": sample_data.offer | {"role": "billing", "seats": []}},
        "resend-an-invitation": {
            "Sent again": sample_data.offer | {"sent_count": 2, "expires_at": "2026-03-12T08:00:00Z"}
        },
        "revoke-an-invitation": {
            "Revoked": sample_data.offer | {"status": "revoked", "member": None, "revoked_at": "2026-03-05T08:00:00Z"}
        },
        "resend-many-invitations": {
            "Sent again": _bulk(_row(email="ines@acme.example", invitation=sample_data.OFFER)),
        },
        "revoke-many-invitations": {
            "Revoked": _bulk(_row(email="ines@acme.example", invitation=sample_data.OFFER)),
        },
        "list-the-emails-of-an-invitation": {"Delivered": _page(sample_data.email)},
    }


def accepted() -> Shown:
    """Return what a call with `Prefer: respond-async` returns."""
    return {"In the background": sample_data.job | {"status": "queued", "done": 0, "refused": 0}}


def _of_jobs() -> dict[str, Shown]:
    rows = [
        _row(email="henri@acme.example", invitation=sample_data.OFFER),
        _row("already_member", "This person is already a member of the workspace.", email="bob@acme.example"),
    ]
    return {"show-a-job": {"At work": sample_data.job | _page(*rows, more=sample_data.CURSOR)}}


def _of_the_workspace() -> dict[str, Shown]:
    made = sample_data.key | {"last_used_at": None}
    return {
        "list-workspaces": {"One workspace": _page(sample_data.workspace)},
        "show-a-workspace": {"On the Team plan": sample_data.workspace},
        "change-a-workspace": {"Renamed": sample_data.workspace | {"name": "Acme & Sons"}},
        "show-the-subscription": {"Paid": {"plan": "team", "status": "active", "renewal": "2027-01-12"}},
        "show-the-seats-of-a-product": {"Three available": sample_data.chat},
        "list-seats-by-product": {"Two products": _page(sample_data.chat, sample_data.code)},
        "change-the-seats-bought": {"Twelve": sample_data.chat | {"purchased": 12, "available": 5}},
        "ask-whether-somebody-may-open-a-product": {
            "Yes": {"entitled": True, "reason": "seat"},
            "No": {"entitled": False, "reason": "no_seat"},
        },
        "list-audit-events": {"One change": _page(sample_data.event)},
        "list-api-keys": {"One key": _page(sample_data.key)},
        "create-an-api-key": {
            "Shown this once": made | {"secret": "wsk_<id>_<secret>"},
            "Repeated under the same Idempotency-Key": made | {"secret": None},
        },
    }
