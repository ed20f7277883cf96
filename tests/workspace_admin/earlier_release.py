"""A database as an earlier release left it: run as the owner of an empty one, with the environment of a container."""

from datetime import timedelta

import django

django.setup()

from django.db import connection  # noqa: E402 -- Django first
from django.db.migrations.executor import MigrationExecutor  # noqa: E402 -- as above
from django.utils import timezone  # noqa: E402 -- as above

RELEASE = [
    ("members", "0009_audit_by_person"),
    ("billing_seats", "0008_entitlement_max_age"),
    ("invitations", "0004_events"),
]
"""Before seats knew their end, pools stood before their seats and customers' ids came."""
INVITATION = "0199a0c0-0000-7000-8000-0000000000aa"
SECRET_DIGEST = b"\x01" * 32

executor = MigrationExecutor(connection)
ours = {app for app, _ in RELEASE}
others = [node for node in executor.loader.graph.leaf_nodes() if node[0] not in ours]
executor.migrate([*others, *RELEASE])
model = executor.loader.project_state([*others, *RELEASE]).apps.get_model
now = timezone.now()

acme = model("members", "Workspace").objects.create(name="Acme", slug="acme")
alice = model("members", "User").objects.create(email="alice@acme.example", name="Alice Martin", password="!")
bob = model("members", "User").objects.create(email="bob@acme.example", name="Bob Keller", password="!")
member = model("members", "Membership").objects.create
member(workspace=acme, user=alice, email=alice.email, name=alice.name, sort_name="alice", role="admin", status="active")
bobs = member(
    workspace=acme, user=bob, email=bob.email, name=bob.name, sort_name="bob", role="member", status="active",
    expires_at=now - timedelta(days=1),
)  # fmt: skip
zoes = member(
    workspace=acme, email="zoe@new.example", name="", sort_name="zoe", role="member", status="invited",
    expires_at=now + timedelta(days=7),
)  # fmt: skip
chat = model("billing_seats", "Product").objects.create(name="le Chat Team", slug="le-chat-team")
model("billing_seats", "SeatPool").objects.create(workspace=acme, product=chat, purchased=2, assigned=0)
for holder in (bobs, zoes):
    model("billing_seats", "Seat").objects.create(workspace=acme, product=chat, membership_id=holder.id)
invitation = model("invitations", "Invitation").objects.create(
    id=INVITATION, workspace=acme, membership_id=zoes.id, email=zoes.email, role="member",
    product_slugs=["le-chat-team"], status="pending", generation=1, sent_count=1, days=7, expires_at=zoes.expires_at,
    language="en", note="", invited_by_type="user", invited_by_id=alice.id, invited_by_name=alice.name,
    last_sender_type="user", last_sender_id=alice.id,
)  # fmt: skip
model("invitations", "Delivery").objects.create(
    workspace=acme, invitation_id=invitation.id, generation=1, kind="invitation", recipient=zoes.email, language="en",
    message_id="<one@console.example>",
)  # fmt: skip
model("members", "ApiKey").objects.create(
    workspace=acme, name="HR sync", digest=SECRET_DIGEST, scope="write", created_by_id=alice.id
)
model("members", "AuditEvent").objects.create(
    workspace_id=acme.id, action="invitation.created", actor_type="user", actor_id=alice.id, actor_label=alice.name,
    target_type="invitation", target_id=invitation.id, target_label=zoes.email, changes={},
)  # fmt: skip
