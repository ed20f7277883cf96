"""What is sent and answered, by example: for every body and every success, by the call's operation id."""

from typing import Any

from django.utils.text import slugify

from workspace_admin.reference import cast
from workspace_admin.reference.cast import CHAT, CODE

type Shown = dict[str, Any]
"""Values by what they show."""


def named(shown: Shown) -> dict[str, Any]:
    """Answer examples as OpenAPI writes them."""
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
    """Answer what is sent."""
    return {
        "change-a-workspace": {"Rename": {"name": "Acme & Sons"}, "No reminders": {"reminders": False}},
        "change-a-member": {
            "Another role": {"role": "billing"},
            "Deactivate": {"status": "deactivated"},
            "A guest's last day": {"expires_at": "2026-06-30T22:00:00Z"},
        },
        "change-many-members": {
            "Give seats": {"members": [cast.ALICE, cast.BOB], "set": {"seats_add": [CODE]}},
            "Try a removal": {"members": [cast.BOB], "set": {"remove": True}, "dry_run": True},
        },
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
        },
        "edit-an-invitation": {
            "Another role, no seats": {"role": "billing", "seats": []},
            "More time": {"expires_at": "2026-03-20T18:00:00Z"},
        },
        "change-the-seats-bought": {"Twelve": {"purchased": 12}},
        "make-an-api-key": {
            "To read, without end": {"name": "Dashboard"},
            "To write, for a year": {"name": "Nightly sync", "scope": "write", "expires_at": "2027-02-03T14:00:00Z"},
        },
    }


def answers() -> dict[str, Shown]:
    """Answer what is answered to what succeeded."""
    return _of_members() | _of_invitations() | _of_the_workspace()


def _of_members() -> dict[str, Shown]:
    return {
        "list-members": {
            "One page of many": _page(cast.bob, cast.ines, more=cast.CURSOR),
            "With the total": {**_page(cast.bob, cast.ines), "total": 2},
        },
        "show-a-member": {"A member": cast.bob, "An invitee": cast.ines},
        "change-a-member": {"Another role": cast.bob | {"role": "billing"}},
        "change-many-members": {
            "Each has their answer": _bulk(
                _row(member=cast.ALICE),
                _row("seats_exhausted", "No seat of Mistral Code is left.", member=cast.BOB),
            )
        },
        "list-seats-of-a-member": {"One seat": _page(cast.seat)},
        "give-a-seat": {"A seat": cast.seat},
    }


def _of_invitations() -> dict[str, Shown]:
    taken = "This person is already a member of the workspace."
    return {
        "list-invitations": {"One page": _page(cast.offer)},
        "invite-someone": {"On its way": cast.offer},
        "invite-many": {
            "Sent": _bulk(
                _row(email="henri@acme.example", invitation=cast.OFFER),
                _row("already_member", taken, email="bob@acme.example"),
            ),
            "Only tried": _bulk(_row(email="henri@acme.example"), dry_run=True),
        },
        "show-an-invitation": {
            "Delivered": cast.offer | {"delivery": {"status": "delivered", "at": "2026-03-02T10:05:09Z"}}
        },
        "edit-an-invitation": {"Another role, no seats": cast.offer | {"role": "billing", "seats": []}},
        "resend-an-invitation": {"Sent again": cast.offer | {"sent_count": 2, "expires_at": "2026-03-12T08:00:00Z"}},
        "revoke-an-invitation": {
            "Revoked": cast.offer | {"status": "revoked", "member": None, "revoked_at": "2026-03-05T08:00:00Z"}
        },
        "list-the-emails-of-an-invitation": {"Delivered": _page(cast.email)},
    }


def _of_the_workspace() -> dict[str, Shown]:
    made = cast.key | {"last_used_at": None}
    return {
        "list-workspaces": {"One workspace": _page(cast.workspace)},
        "show-a-workspace": {"On the Team plan": cast.workspace},
        "change-a-workspace": {"Renamed": cast.workspace | {"name": "Acme & Sons"}},
        "show-the-subscription": {"Paid": {"plan": "team", "status": "active", "renewal": "2027-01-12"}},
        "list-seats-by-product": {"Two products": _page(cast.chat, cast.code)},
        "change-the-seats-bought": {"Twelve": cast.chat | {"purchased": 12, "available": 5}},
        "ask-whether-somebody-may-open-a-product": {
            "Yes": {"entitled": True, "reason": "seat"},
            "No": {"entitled": False, "reason": "no_seat"},
        },
        "list-audit-events": {"One change": _page(cast.event)},
        "list-api-keys": {"One key": _page(cast.key)},
        "make-an-api-key": {
            "Shown this once": made | {"secret": "wsk_<id>_<secret>"},
            "Repeated under the same Idempotency-Key": made | {"secret": None},
        },
    }
