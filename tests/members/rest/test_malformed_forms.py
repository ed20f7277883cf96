"""What a hostile client sends to the pages' forms: whatever it is, it is never our mistake."""

import uuid
from urllib.parse import quote

import pytest
from django.urls import reverse

from invitations.inviting import invite

pytestmark = pytest.mark.usefixtures("every_workspace")

NOBODY = uuid.UUID(int=0)
FORMS = {
    "account_login": ([], ["login", "password"]),
    "invite": (["acme"], ["email", "role", "products", "language", "note", "days"]),
    "invite-addresses": (["acme"], ["email"]),
    "member-role": (["acme", NOBODY], ["role"]),
    "member-seat": (["acme", NOBODY, "le-chat-team"], ["value"]),
    "member-removal": (["acme", NOBODY], ["x"]),
    "invitation-resend": (["acme", NOBODY], ["x"]),
    "invitation-revoke": (["acme", NOBODY], ["x"]),
    "leave": (["acme"], ["x"]),
    "workspace-create": ([], ["name", "slug"]),
    "profile": ([], ["name", "language"]),
    "join": ([], ["invitation", "generation", "name", "password"]),
    "join-decline": ([], ["invitation", "generation"]),
}
TEXTS = [
    "",
    "\x00",
    "x" * 100_000,
    "admin\x00",
    "'\"><script>",
    "a\r\nBcc: b@c.example",
    "٣",
    "-1",
    "null",
    "\u202e",
    "😀",
]
BODIES = [
    (b"\xff\xfe%00=%ff&email=%ff", "application/x-www-form-urlencoded"),
    ("email=ü".encode("utf-16"), "application/x-www-form-urlencoded; charset=utf-16"),
    (b"&".join(b"a=1" for _ in range(3000)), "application/x-www-form-urlencoded"),
    (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
    (b"x", "multipart/form-data"),
    (b"{}", "application/json"),
    (b"\x00", "x/y"),
]


@pytest.mark.parametrize("name", FORMS)
def test_forms_survive_what_is_no_value(client_for, alice, acme, as_alice, bob, name):
    arguments, fields = FORMS[name]
    [answer] = invite(as_alice, ["ada@example.com"])
    known = answer.invitation.id if name.startswith("invitation") else acme.memberships.get(user=bob).id
    client = client_for(alice)
    for row in (NOBODY, known):
        path = reverse(name, args=[row if argument is NOBODY else argument for argument in arguments])
        headers = {"HX-Request": "true"} if row == known else {}
        for text in TEXTS:
            assert client.post(path, dict.fromkeys(fields, text), headers=headers).status_code < 500
        for body, kind in BODIES:
            assert client.generic("POST", path, body, kind).status_code < 500


def test_queries_and_links_survive_what_is_no_value(client_for, alice, acme):
    client = client_for(alice)
    for text in TEXTS:
        short = text[:2000]
        for field in ("tab", "q", "cursor", "role", "sort", "page"):
            assert client.get(reverse("members", args=[acme.slug]), {field: short}).status_code < 500
        assert client.get(reverse("account_login"), {"next": short}).status_code < 500
        assert client.get(f"/join/{quote(short)}/").status_code < 500
