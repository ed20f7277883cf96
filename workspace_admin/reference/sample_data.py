"""Who and what the examples are about, each written as the API writes it."""

from typing import Any

type Shape = dict[str, Any]

CHAT, CODE = "le-chat-team", "mistral-code"
WORKSPACE = "019bb18a-75c0-7a00-8000-000000000001"
ALICE_ACCOUNT, BOB_ACCOUNT = "019bb18a-75c0-7a00-8000-0000000000a1", "019bbb8f-c480-7a00-8000-0000000000b1"
ALICE, BOB = "019bb18a-75c0-7a00-8000-0000000000a2", "019bbb8f-c480-7a00-8000-0000000000b2"
INES, OFFER = "019cae02-1ce0-7a00-8000-0000000000c1", "019cae02-1ce0-7a00-8000-0000000000e1"
EMAIL, EVENT = "019cae02-1ce0-7a00-8000-0000000000d1", "019cae03-f1a0-7a00-8000-0000000000ee"
KEY = "019c23cd-8f00-7a00-8000-0000000000f1"
JOB = "019cae02-1ce0-7a00-8000-0000000000aa"
BOB_JOINED, INVITED, EXPIRES = "2026-01-14T08:12:00Z", "2026-03-02T10:05:00Z", "2026-03-09T10:05:00Z"
CURSOR = "kXv2ZmF0dWFsLWN1cnNvcg"

workspace: Shape = {
    "id": WORKSPACE,
    "name": "Acme",
    "slug": "acme",
    "plan": "team",
    "features": ["invitations", "api"],
    "reminders": True,
    "created_at": "2026-01-12T09:30:00Z",
}
bob: Shape = {
    "id": BOB,
    "user": BOB_ACCOUNT,
    "email": "bob@acme.example",
    "name": "Bob Keller",
    "role": "member",
    "status": "active",
    "seats": [CHAT],
    "invitation": None,
    "external_id": "hr-1007",
    "metadata": {"team": "sales"},
    "joined_at": BOB_JOINED,
    "last_active_at": "2026-03-02T09:40:00Z",
    "expires_at": None,
    "updated_at": BOB_JOINED,
}
ines: Shape = bob | {
    "id": INES,
    "user": None,
    "email": "ines@acme.example",
    "name": "",
    "status": "invited",
    "invitation": OFFER,
    "external_id": "hr-1042",
    "metadata": {"team": "research"},
    "updated_at": INVITED,
    "joined_at": None,
    "last_active_at": None,
    "expires_at": EXPIRES,
}
offer: Shape = {
    "id": OFFER,
    "email": "ines@acme.example",
    "role": "member",
    "seats": [CHAT],
    "status": "pending",
    "member": INES,
    "invited_by": {"type": "user", "id": ALICE_ACCOUNT, "name": "Alice Martin"},
    "locale": "fr",
    "sent_count": 1,
    "delivery": {"status": "queued", "at": INVITED},
    "suppressed": False,
    "external_id": "hr-1042",
    "metadata": {"team": "research"},
    "created_at": INVITED,
    "updated_at": INVITED,
    "expires_at": EXPIRES,
    "accepted_at": None,
    "revoked_at": None,
    "declined_at": None,
}
email: Shape = {
    "id": EMAIL,
    "kind": "invitation",
    "recipient": "ines@acme.example",
    "status": "delivered",
    "at": "2026-03-02T10:05:09Z",
    "attempts": 1,
    "error": "",
    "created_at": INVITED,
    "sent_at": "2026-03-02T10:05:04Z",
    "events": [{"type": "delivered", "at": "2026-03-02T10:05:09Z", "detail": "250 OK"}],
}
event: Shape = {
    "id": EVENT,
    "action": "member.role_changed",
    "occurred_at": "2026-03-02T10:07:00Z",
    "actor": {"type": "user", "id": ALICE_ACCOUNT, "label": "Alice Martin <alice@acme.example>"},
    "target": {"type": "membership", "id": BOB, "label": "bob@acme.example"},
    "changes": {"role": ["member", "billing"]},
    "reason": "",
    "request_id": "0b0f6c1e-8a35-4c57-9d0e-52f3a1f7c4d2",
}
key: Shape = {
    "id": KEY,
    "name": "Nightly sync",
    "scope": "write",
    "prefix": f"wsk_{KEY.replace('-', '')}_…",
    "status": "working",
    "created_by": {"type": "user", "id": ALICE_ACCOUNT, "name": "Alice Martin"},
    "created_at": "2026-02-03T14:00:00Z",
    "last_used_at": "2026-03-02T02:00:00Z",
    "expires_at": "2027-02-03T14:00:00Z",
}
job: Shape = {
    "id": JOB,
    "status": "working",
    "total": 2_400,
    "done": 299,
    "refused": 1,
    "code": None,
    "detail": None,
    "created_at": INVITED,
    "ended_at": None,
}
seat: Shape = {"product": CHAT, "name": "le Chat Team", "given_at": BOB_JOINED}
chat: Shape = {
    "product": CHAT,
    "name": "le Chat Team",
    "purchased": 10,
    "in_use": 6,
    "held": 1,
    "available": 3,
    "over_assigned": 0,
}
code: Shape = chat | {"product": CODE, "name": "Mistral Code", "purchased": 3, "in_use": 2, "held": 0, "available": 1}
