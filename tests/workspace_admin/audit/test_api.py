"""The audit log over the REST API: who did what to whom, newest first, narrowed and page by page."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing_seats.lifecycle.services import change_role, give
from invitations.inviting import invite
from members.models import AuditEvent
from tests.api_clients import fields, problem
from workspace_admin.demo import cast

pytestmark = pytest.mark.usefixtures("every_workspace")

PATH = "/workspaces/acme/audit-events"


def listed(caller, **query):
    response = caller.get(PATH, **query)
    assert response.status_code == 200, response.content
    return response.json()["data"]


@pytest.fixture
def row(acme, bob):
    return acme.memberships.get(user=bob)


def test_an_event_is_told_whole(api, alice, row):
    answered = api(alice).patch(f"/workspaces/acme/members/{row.id}", {"role": "billing"})
    [event] = listed(api(alice), limit=1)
    assert event == {
        "id": event["id"],
        "action": "member.role_changed",
        "occurred_at": event["occurred_at"],
        "actor": {"type": "user", "id": str(alice.id), "label": "Alice Martin <alice@acme.example>"},
        "target": {"type": "membership", "id": str(row.id), "label": "bob@acme.example"},
        "changes": {"role": ["member", "billing"]},
        "reason": "",
        "request_id": answered["X-Request-ID"],
    }
    assert event["occurred_at"].endswith("Z")


def test_a_key_is_named_as_who_did_it(key_of, as_alice, row):
    key = key_of(as_alice)
    key.patch(f"/workspaces/acme/members/{row.id}", {"role": "billing"})
    [event] = listed(key, limit=1)
    assert event["actor"] == {"type": "key", "id": str(key.key.id), "label": "Nightly sync"}
    assert listed(key, actor=key.key.id) == [event]


def test_the_log_is_narrowed_by_what_who_whom_and_when(api, alice, as_alice, row, carol, acme):
    caller = api(alice)
    change_role(as_alice, row.id, "billing")
    give(as_alice, row.id, cast.CODE)
    [answer] = invite(as_alice, ["ada@example.com"])
    invited, given, changed = listed(caller, limit=3)
    assert listed(caller, action="seat.given") == [given]
    assert listed(caller, target=row.id) == [given, changed]
    assert listed(caller, target=row.id, action="member.role_changed") == [changed]
    assert listed(caller, target=answer.invitation.id) == [invited]
    assert {event["actor"]["id"] for event in listed(caller, actor=carol.id)} == {str(carol.id)}
    assert listed(caller, after=changed["occurred_at"], limit=3) == [invited, given]
    assert listed(caller, before=given["occurred_at"], after=changed["occurred_at"]) == []
    assert changed in listed(caller, before=given["occurred_at"])
    assert listed(caller, actor=uuid.uuid4()) == []


def test_pages_in_either_direction_show_every_event_once(api, alice, as_alice):
    invite(as_alice, [f"p{n}@example.com" for n in range(12)])  # all at one moment
    caller = api(alice)
    whole = [event["id"] for event in listed(caller, limit=100)]
    seen, page = [], caller.get(PATH, limit=5).json()
    while True:
        seen += [event["id"] for event in page["data"]]
        if page["next_cursor"] is None:
            break
        page = caller.get(PATH, limit=5, cursor=page["next_cursor"]).json()
    assert seen == whole
    assert len(set(seen)) == AuditEvent.objects.filter(workspace_id=as_alice.workspace.id).count()
    before = caller.get(PATH, limit=5, cursor=page["prev_cursor"]).json()
    assert [event["id"] for event in before["data"]] == whole[-len(page["data"]) - 5 : -len(page["data"])]


def test_only_admins_and_keys_read_the_log(api, key_of, as_alice, alice, bob, carol, dana, stranger):
    for caller in (api(alice), key_of(as_alice, scope="read")):
        assert listed(caller)
    for who in (bob, carol):
        assert problem(api(who).get(PATH)) == (403, "permission_denied")
    assert problem(api(dana).get(PATH)) == (404, "not_found")
    assert problem(stranger.get(PATH)) == (401, "unauthenticated")


def test_one_workspace_never_shows_anothers_events(api, dana, acme):
    events = api(dana).get("/workspaces/globex/audit-events", target=acme.id).json()["data"]
    assert events == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"action": "member.exploded"}, "action"),
        ({"actor": "alice"}, "actor"),
        ({"target": "bob@acme.example"}, "target"),
        ({"after": "yesterday"}, "after"),
        ({"before": "2026-01-01"}, "before"),
        ({"until": "2026-01-01T00:00:00Z"}, "until"),
        ({"limit": 0}, "limit"),
        ({"cursor": "x"}, "cursor"),
    ],
)
def test_anything_else_is_refused_by_name(api, alice, query, field):
    assert fields(api(alice).get(PATH, **query)) == [field]


def test_a_page_costs_the_same_however_many_there_are(api, alice, as_alice):
    caller = api(alice)
    costs = []
    for size in (1, 60):
        invite(as_alice, [f"{size}-{n}@example.com" for n in range(size)])
        caller.get(PATH)
        with CaptureQueriesContext(connection) as statements:
            caller.get(PATH, limit=100)
        costs.append(len([one for one in statements if "members_auditevent" in one["sql"]]))
    assert costs == [1, 1]


INDEXES = [
    ({}, "audit_newest_first"),
    ({"action": "seat.given"}, "audit_by_action"),
    ({"actor": uuid.UUID(int=7)}, "audit_by_actor"),
    ({"target": uuid.UUID(int=7)}, "audit_by_target"),
]


@pytest.mark.parametrize(("query", "index"), INDEXES)
def test_every_filter_reads_one_page_of_an_index(api, alice, acme, query, index):
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO members_auditevent (id, workspace_id, occurred_at, action, actor_type, actor_id, actor_label,
                target_type, target_id, target_label, changes, reason, request_id)
            SELECT gen_random_uuid(), %s, now() - n * interval '1 second', 'a' || n %% 50, 'user',
                gen_random_uuid(), 'x', 'membership', gen_random_uuid(), 'x' || n, '{}', '', ''
            FROM generate_series(1, 20000) n""",
            [acme.id],
        )
        cursor.execute("ANALYZE members_auditevent")
    with CaptureQueriesContext(connection) as statements:
        api(alice).get(PATH, **query)
    [asked] = [one["sql"] for one in statements if "members_auditevent" in one["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {asked}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert index in plan
    assert "Seq Scan" not in plan
