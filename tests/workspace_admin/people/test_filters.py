"""The one reader of the member list: what each filter finds, in each shape, order and direction."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now

from invitations.models import Delivery
from members.clock import database_now
from workspace_admin.demo import cast
from workspace_admin.people.queries import ORDERS, Shape, count, find

DAY = timedelta(days=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PEOPLE = {"alice", "bob", "carol", "ada", "ben"}


@pytest.fixture
def crew(acme, ask_to_join):
    """Acme's three, and two invitees: the mail to Ada bounced, that to Ben arrived."""
    ask_to_join("ada@new.example ben@new.example", products=[cast.CODE])
    Delivery.objects.filter(recipient="ada@new.example").update(state="sent", outcome="bounced")
    Delivery.objects.filter(recipient="ben@new.example").update(state="sent", outcome="delivered")
    acme.memberships.update(last_active_at=None)
    acme.memberships.filter(email="bob@acme.example").update(last_active_at=Now() - 90 * DAY, external_id="hr-2")
    acme.memberships.filter(email="alice@acme.example").update(last_active_at=Now() - DAY)
    return acme


def names(page):
    return {row.email.partition("@")[0] for row in page.rows}


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, PEOPLE),
        ({"status": "invited"}, {"ada", "ben"}),
        ({"role": "billing"}, {"carol"}),
        ({"product": cast.CHAT}, {"bob"}),
        ({"without_product": cast.CHAT}, PEOPLE - {"bob"}),
        ({"product": cast.CODE, "without_product": cast.CHAT}, {"ada", "ben"}),
        ({"email_state": "bounced"}, {"ada"}),
        ({"email_state": "failed"}, set()),
        ({"email": "bob@acme.example"}, {"bob"}),
        ({"external_id": "hr-2"}, {"bob"}),
        ({"external_id": "hr-3"}, set()),
        ({"q": "kel"}, {"bob"}),
        ({"q": "new", "status": "active"}, set()),
        ({"role": "member", "q": "b"}, {"bob", "ben"}),
        ({"role": ["billing", "admin"]}, {"alice", "carol"}),
        ({"status": ["active", "invited"], "role": "member"}, {"bob", "ada", "ben"}),
        ({"product": [cast.CHAT, cast.CODE]}, {"bob", "ada", "ben"}),
        ({"without_product": [cast.CHAT, cast.CODE]}, {"alice", "carol"}),
        ({"email_state": ["bounced", "failed"]}, {"ada"}),
        ({"last_active_before": "never"}, {"carol"}),
        ({"needs_attention": True}, {"ada"}),
        ({"needs_attention": True, "status": "active"}, set()),
    ],
)
def test_each_filter_finds_its_own(crew, shape, query, found):
    assert names(find(crew, query, shape)) == found
    assert count(crew, query) == len(found)


def test_times_are_filters_too(crew):
    month_ago = database_now() - 30 * DAY
    assert names(find(crew, {"last_active_before": month_ago}, Shape.API)) == {"bob", "carol"}
    assert names(find(crew, {"updated_since": month_ago}, Shape.PAGE)) == PEOPLE
    assert names(find(crew, {"updated_since": database_now() + DAY}, Shape.PAGE)) == set()


def test_whose_offer_or_access_has_ended_needs_attention(crew):
    crew.memberships.filter(email__in=["ben@new.example", "bob@acme.example"]).update(expires_at=Now() - DAY)
    for sort in ORDERS:
        assert names(find(crew, {"needs_attention": True, "sort": sort}, Shape.PAGE)) == {"ada", "ben", "bob"}


def test_a_later_email_that_arrived_is_what_counts(crew, htmx):
    invitation = crew.invitations.get(email="ada@new.example")
    Delivery.objects.filter(invitation=invitation).update(released_at=Now(), created_at=Now() - DAY)
    crew.invitations.update(sent_at=Now() - DAY)
    htmx.post(f"/w/acme/invitations/{invitation.id}/resend/")
    assert Delivery.objects.filter(invitation=invitation).count() == 2
    assert names(find(crew, {"email_state": "bounced"}, Shape.API)) == set()


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("sort", ORDERS)
@pytest.mark.parametrize(
    "rare", [{}, {"without_product": cast.CHAT}, {"role": ["admin", "billing", "member"]}, {"updated_since": LONG_AGO}]
)
def test_every_order_leads_through_everyone_once_and_back(crew, shape, sort, rare):
    query = {"sort": sort, "limit": 2, **rare}
    seen, page = [], find(crew, query, shape)
    while True:
        seen += [row.email for row in page.rows]
        if page.next_cursor is None:
            break
        page = find(crew, query | {"cursor": page.next_cursor}, shape)
    everyone = crew.memberships.exclude(email="bob@acme.example") if "without_product" in rare else crew.memberships
    assert sorted(seen) == sorted(everyone.values_list("email", flat=True))
    back = find(crew, query | {"cursor": page.prev_cursor}, shape)
    assert [row.email for row in back.rows] == seen[-len(page.rows) - 2 : -len(page.rows)]
