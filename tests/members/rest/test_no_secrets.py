"""No answer, to anyone, holds a token, a link or a key: every call by every caller, done, refused and repeated."""

import json
import re

import pytest
from django.conf import settings
from django.test import Client

from billing_seats.keys.services import create_key, create_product_key
from billing_seats.models import Product
from invitations import tokens
from invitations.models import Invitation
from invitations.services import resend
from members.access import StaffMember, actor_for
from members.models import ApiKey, AuditEvent, KeptAnswer
from tests.test_matrix import API, CALLS, OPEN_CALLS, READ, WRITE, _self_service, workspaces  # noqa: F401 -- fixtures
from workspace_admin.demo import cast
from workspace_admin.support.staff import make_staff

pytestmark = pytest.mark.usefixtures("every_workspace")

ROWS = [call[1:] for call in CALLS] + [(*call, None) for call in OPEN_CALLS]
BESIDE = [
    (READ, API + "/invitations?status=pending&include=total&limit=1", None),
    (READ, API + "/members?status=invited&q=pending", None),
    (WRITE, API + "/invitations", {"email": "pending@acme.example"}),
    (WRITE, API + "/invitations", {"email": "{token}"}),
    (WRITE, API + "/invitations/bulk", {"emails": ["new@example.com", "pending@acme.example"], "dry_run": True}),
    (WRITE, API + "/members/bulk", {"members": ["{member}"], "set": {"role": "billing"}, "dry_run": True}),
    (READ, API + "/nowhere", None),
    ("options", API + "/members", None),
]
EXPORTS = ["/w/acme/audit/export.csv", "/w/acme/audit/export.jsonl"]


@pytest.fixture
def secret(settings):
    settings.EMAIL_WEBHOOK_SECRET = "webhook-secret-of-thirty-two-letters"
    settings.METRICS_TOKEN = "metrics-token-of-thirty-two-letters"
    return settings


@pytest.fixture
def callers(workspaces, client_for, alice, bob, carol, dana, person):  # noqa: F811 -- the fixture imported above
    """Every kind of caller, by what they carry, with the secrets that they know."""
    made = {user.email: client_for(user) for user in (alice, bob, carol, dana)}
    for client in made.values():
        client.get("/accounts/logout/")
    staff = person("support@example.com")
    make_staff(staff)
    product = Product.objects.get(slug=cast.CHAT)
    texts = {
        "read": create_key(actor_for(alice, "acme"), name="Reads", scope="read")[1],
        "write": create_key(actor_for(alice, "acme"), name="Writes", scope="write")[1],
        "foreign": create_key(actor_for(dana, "globex"), name="Elsewhere", scope="write")[1],
        "product": create_product_key(StaffMember(staff, "Ticket 812"), product, name="Chat server")[1],
    }
    made |= {name: Client(headers={"Authorization": f"Bearer {text}"}) for name, text in texts.items()}
    return {**made, "stranger": Client()}, texts


def _secrets(clients, texts):
    """Return everything that nobody may be told, as it stands now."""
    offers = Invitation.objects.all()
    found = {tokens.of(offer.id, number) for offer in offers for number in range(1, offer.generation + 1)}
    found |= {token.partition(".")[2] for token in found}
    found |= {*texts.values(), *(text.rpartition("_")[2] for text in texts.values())}
    found |= {bytes(key.digest).hex() for key in ApiKey.objects.all()}
    found |= {cookie.value for client in clients.values() for cookie in client.cookies.values() if cookie.value}
    return found | {settings.SECRET_KEY, *settings.INVITATION_KEYS, settings.EMAIL_WEBHOOK_SECRET, "/join/"}


def _told(answer):
    """Return all that an answer says, but for the session's own cookies."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode() + "".join(f"{name}: {value}\n" for name, value in answer.items())


def _ask(client, row, ids, **headers):
    method, path, body = row
    text = json.dumps(body or {})
    for name, value in ids.items():
        text = text.replace(f"{{{name}}}", str(value))
    raw = b"" if method == READ else text.encode()
    return client.generic(method.upper(), path.format(**ids), raw, "application/json", headers=headers)


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("row", [*ROWS, *BESIDE], ids=lambda row: f"{row[0]} {row[1].rpartition('{slug}')[2]} {row[2]}")
def test_no_answer_holds_a_token_a_link_or_a_key(row, callers, workspaces):  # noqa: F811 -- as above
    clients, texts = callers
    pending = Invitation.objects.get(id=workspaces["acme"].invitation)
    ids = {**vars(workspaces["acme"]), "token": f"{pending.id}x@example.com"}
    answered = []
    for name, client in clients.items():
        answered += [_ask(client, row, ids, **({"Idempotency-Key": name} if row[0] == WRITE else {})) for _ in (1, 2)]
    made = [answer for answer in answered if answer.status_code == 201 and b'"secret":"' in answer.content]
    allowed = row[1].endswith("/api-keys") and row[0] == WRITE
    assert len(made) == (1 if allowed else 0)
    shown = {one["secret"] for one in (answer.json() for answer in made)}
    secrets = _secrets(clients, texts) | shown
    for answer in answered:
        if answer not in made:
            told = _told(answer)
            assert not [one for one in secrets if one in told], told
            assert not re.search(r"https?://", told)
    kept = b"".join(bytes(one.body or b"") for one in KeptAnswer.objects.all()).decode()
    assert not [one for one in secrets if one in kept]


@pytest.mark.usefixtures("secret")
def test_neither_does_what_is_left_of_it_all(callers, workspaces, acme, alice):  # noqa: F811 -- as above
    clients, texts = callers
    acme.subscription.plan = "enterprise"
    acme.subscription.save()
    offer = resend(actor_for(alice, "acme"), workspaces["acme"].invitation)
    for row in (*ROWS, *BESIDE):
        _ask(
            clients["alice@acme.example"],
            row,
            {**vars(workspaces["acme"]), "token": "x"},
            **{"Idempotency-Key": str(row)[:200]},
        )
    secrets = _secrets(clients, texts)
    assert tokens.make(offer) in secrets
    assert AuditEvent.objects.filter(workspace_id=acme.id).count() > 10
    for path in EXPORTS:
        answer = clients["alice@acme.example"].get(path)
        assert answer.status_code == 200, path
        told = _told(answer)
        assert not [one for one in secrets if one in told]
    for row in BESIDE[:2]:
        told = _told(_ask(clients["write"], row, vars(workspaces["acme"])))
        assert not [one for one in secrets if one in told]
