"""Lists and searches of support staff read what they show, not all rows of all workspaces."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members import audit
from members.admin import history_of
from members.models import AuditEvent, Workspace
from tests.workspace_admin.support.pages import ZOE, page

GROWING = ("members_membership", "members_user", "members_auditevent", "invitations_invitation")
LISTS = ["members_workspace", "billing_seats_subscription", "billing_seats_seatpool", *GROWING]


@pytest.fixture
def asked(client_for, sam, invitation):
    """Open a list, and return its statements about tables that grow with the number of people."""
    client = client_for(sam)

    def ask(model: str, **query) -> list[str]:
        with CaptureQueriesContext(connection) as found:
            assert client.get(page(model), query).status_code == 200
        return [one["sql"] for one in found if any(f'FROM "{table}"' in one["sql"] for table in GROWING)]

    return ask


@pytest.mark.parametrize("model", LISTS)
@pytest.mark.parametrize("query", [{}, {"q": ZOE}, {"q": "acme"}, {"q": "zoe"}, {"o": "2"}], ids=str)
def test_no_list_reads_all_rows(asked, model, query):
    for sql in asked(model, **query):
        assert "UPPER" not in sql or "members_workspace" in sql, sql
        assert "LIKE '%" not in sql or "members_workspace" in sql, sql
        assert "DISTINCT" not in sql, sql
        assert "COUNT(*)" not in sql or "LIMIT 1000" in sql, sql


@pytest.mark.parametrize("model", GROWING)
@pytest.mark.parametrize("query", [{}, {"q": ZOE}, {"o": "2"}], ids=str)
def test_the_newest_come_first_by_an_index(asked, model, query):
    [rows] = [sql for sql in asked(model, **query) if "ORDER BY" in sql]
    assert rows.partition("ORDER BY ")[2] == f'"{model}"."id" DESC'


def test_the_log_of_one_workspace_is_read_by_its_own_index(asked, acme):
    [rows] = [sql for sql in asked("members_auditevent", workspace_id__exact=acme.pk) if "ORDER BY" in sql]
    assert 'ORDER BY "members_auditevent"."occurred_at" DESC, "members_auditevent"."id" DESC' in rows


def test_a_history_is_read_in_its_workspace(invitation):
    with CaptureQueriesContext(connection) as found:
        history_of(invitation.workspace, invitation, invitation.membership)
    [sql] = [one["sql"] for one in found if "members_auditevent" in one["sql"]]
    assert re.search(r'"target_id" IN .* AND .*"workspace_id" = ', sql)
    assert "Invited" in history_of(invitation.workspace, invitation)
    assert history_of(Workspace(), invitation) == "-"


@pytest.mark.parametrize("q", [ZOE, "Alice@acme.example", "acme", "req-812"])
def test_events_are_found_by_address_workspace_and_request(client_for, vera, invitation, q):
    AuditEvent(
        workspace_id=invitation.workspace_id, action="invitation.created", actor_type="system", actor_label="system",
        target_type="invitation", target_label=ZOE, request_id="req-812",
    ).save()  # fmt: skip
    found = client_for(vera).get(page("members_auditevent"), {"q": q}).context["cl"].result_list
    assert any(event.target_label == ZOE for event in found)
    missing = client_for(vera).get(page("members_auditevent"), {"q": f"x{q}"}).context["cl"].result_list
    assert list(missing) == []


def test_a_count_ends_at_a_thousand(client_for, vera, acme):
    AuditEvent.objects.bulk_create(
        AuditEvent(workspace_id=audit.INSTALLATION, action="product.changed", actor_type="system") for _ in range(1_001)
    )
    response = client_for(vera).get(page("members_auditevent"))
    assert response.context["cl"].result_count == 1_000
    assert "The newest 1000." in response.content.decode().replace("1,000", "1000")
