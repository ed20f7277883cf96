"""Many invitations by one call: an answer for each address, in order; and an open one edited."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from invitations.inviting import invite
from invitations.models import Delivery, Invitation
from invitations.services import revoke
from members.access import actor_for
from members.models import AuditEvent
from tests.api_clients import fields, problem
from workspace_admin.demo import cast

pytestmark = pytest.mark.usefixtures("every_workspace")

PATH = "/workspaces/acme/invitations"
BULK = f"{PATH}/bulk"


def ask(api, alice, emails, **values):
    response = api(alice).post(BULK, {"emails": emails, **values})
    assert response.status_code == 200, response.content
    return response.json()


def test_each_address_gets_its_answer_in_the_order_given(api, alice, as_alice):
    [there] = invite(as_alice, ["ines@example.com"])
    emails = [
        "Ada@Example.com",
        "nobody",
        "bob@acme.example",
        "ines@example.com",
        "henri@example.com",
        "",
        "ADA@example.com",
    ]
    answer = ask(api, alice, emails, role="billing", seats=[cast.CODE], locale="fr", message="Hello", expires_in_days=3)
    rows = answer["data"]
    assert [row["email"] for row in rows] == [
        "ada@example.com", "nobody", "bob@acme.example", "ines@example.com", "henri@example.com", "", "ada@example.com",
    ]  # fmt: skip
    assert [row["code"] for row in rows] == [
        None, "invalid_request", "already_member", "already_invited", None, "invalid_request", "duplicate",
    ]  # fmt: skip
    assert (answer["dry_run"], answer["summary"]) == (False, {"done": 2, "refused": 5})
    assert {*rows[0]} == {"email", "result", "code", "detail", "invitation"}
    assert rows[3]["invitation"] == str(there.invitation.id)
    made = api(alice).get(f"{PATH}/{rows[0]['invitation']}").json()
    assert (made["role"], made["seats"], made["locale"], made["sent_count"]) == ("billing", [cast.CODE], "fr", 1)


def test_seats_go_in_order_while_they_last(api, alice, acme, seats_of):
    answer = ask(api, alice, [f"p{n}@example.com" for n in range(5)], seats=[cast.CODE])
    assert [row["code"] for row in answer["data"]] == [None, None, None, "seats_exhausted", "seats_exhausted"]
    assert seats_of(acme, cast.CODE).held == 3


def test_a_trial_run_tells_what_would_be_and_changes_nothing(api, alice, acme, seats_of):
    acme.seat_pools.filter(product__slug=cast.CODE).update(purchased=120)
    emails = [f"p{n}@example.com" for n in range(130)] + ["bob@acme.example"]
    before = AuditEvent.objects.count(), Invitation.objects.count(), Delivery.objects.count()
    tried = ask(api, alice, emails, seats=[cast.CODE], dry_run=True)
    assert before == (AuditEvent.objects.count(), Invitation.objects.count(), Delivery.objects.count())
    assert seats_of(acme, cast.CODE).held == 0
    assert (tried["dry_run"], tried["summary"]) == (True, {"done": 120, "refused": 11})
    assert {row["invitation"] for row in tried["data"]} == {None}
    done = ask(api, alice, emails, seats=[cast.CODE])
    assert done["summary"] == tried["summary"]
    assert [row["code"] for row in done["data"]] == [row["code"] for row in tried["data"]]


def test_a_trial_run_of_a_thousand_holds_the_lock_for_a_few_reads(api, alice):
    caller = api(alice)
    caller.get(PATH)
    with CaptureQueriesContext(connection) as statements:
        caller.post(BULK, {"emails": [f"p{n}@example.com" for n in range(1000)], "seats": [cast.CHAT], "dry_run": True})
    assert len(statements) <= 20
    assert not [one for one in statements if one["sql"].startswith(("INSERT", "DELETE", 'UPDATE "inv'))]


def test_a_trial_run_names_the_offers_that_it_would_renew(api, alice, as_alice, acme):
    [old] = invite(as_alice, ["ines@example.com"])
    acme.memberships.filter(id=old.invitation.membership_id).update(expires_at=timezone.now() - timedelta(days=1))
    asked = ["ines@example.com", "ada@example.com"]
    assert [row["invitation"] for row in ask(api, alice, asked, dry_run=True)["data"]] == [str(old.invitation.id), None]
    assert ask(api, alice, asked)["data"][0]["invitation"] == str(old.invitation.id)


def test_a_thousand_are_invited_and_one_more_is_too_many(api, alice):
    emails = [f"p{n}@example.com" for n in range(1001)]
    assert fields(api(alice).post(BULK, {"emails": emails})) == ["emails"]
    assert ask(api, alice, emails[:-1])["summary"] == {"done": 1000, "refused": 0}


def test_a_chunk_costs_forty_statements(api, alice):
    caller = api(alice)
    caller.get(PATH)
    for size in (10, 100):
        with CaptureQueriesContext(connection) as statements:
            caller.post(BULK, {"emails": [f"{size}-{n}@example.com" for n in range(size)], "seats": [cast.CHAT]})
        assert len([one for one in statements if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]) <= 40


def test_a_repetition_goes_on_where_the_first_stopped(api, alice):
    body, key = {"emails": [f"p{n}@example.com" for n in range(150)]}, {"Idempotency-Key": "class of 2026"}
    first = api(alice).send("POST", BULK, body, **key)
    again = api(alice).send("POST", BULK, body, **key)
    assert (first.status_code, again.content) == (200, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert Delivery.objects.filter(recipient__startswith="p").count() == 150
    other = api(alice).send("POST", BULK, {**body, "role": "admin"}, **key)
    assert problem(other) == (409, "idempotency_conflict")


def test_billing_and_members_invite_nobody(api, bob, carol):
    for who in (bob, carol):
        assert problem(api(who).post(BULK, {"emails": ["ada@example.com"]})) == (403, "permission_denied")


def test_items_have_terms_of_their_own_and_the_rest_in_common(api, alice, acme, seats_of):
    items = [
        {"email": "ada@example.com", "name": "Ada Byron", "external_id": "hr-7", "metadata": {"team": "engines"}},
        {"email": "ben@example.com", "role": "billing", "seats": [cast.CODE], "expires_in_days": 3, "locale": "fr"},
        {"email": "cleo@example.com", "seats": [], "message": "Hello"},
    ]
    before = seats_of(acme).held, seats_of(acme, cast.CODE).held
    answer = api(alice).post(BULK, {"items": items, "seats": [cast.CHAT], "expires_in_days": 5})
    rows = answer.json()["data"]
    assert [row["result"] for row in rows] == ["done"] * 3
    ada, ben, cleo = (api(alice).get(f"{PATH}/{row['invitation']}").json() for row in rows)
    assert (ada["role"], ada["seats"], ada["external_id"], ada["metadata"]) == (
        "member", [cast.CHAT], "hr-7", {"team": "engines"},
    )  # fmt: skip
    assert (ben["role"], ben["seats"], ben["locale"], ben["external_id"]) == ("billing", [cast.CODE], "fr", None)
    assert cleo["seats"] == []
    assert acme.memberships.get(email="ada@example.com").name == "Ada Byron"
    assert (seats_of(acme).held, seats_of(acme, cast.CODE).held) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize(
    "item",
    [
        {"email": "a\0b@example.com"},
        {"email": "a" * 300 + "@example.com"},
        {"email": "ada@localhost"},
        {"email": "ada@example.com", "name": "Ada\nByron"},
        {"email": "ada@example.com", "message": "\0"},
        {"email": "ada@example.com", "message": "x" * 501},
        {"email": "ada@example.com", "seats": ["nothing"]},
        {"email": "ada@example.com", "external_id": "x" * 256},
        {"email": "ada@example.com", "metadata": {f"k{n}": "v" for n in range(21)}},
        {"email": "ada@example.com", "metadata": {"k": "v" * 501}},
        {"email": "ada@example.com", "metadata": {"k": "\0"}},
    ],
)
def test_a_wrong_item_is_refused_in_its_row_and_the_others_are_invited(api, alice, item):
    rows = api(alice).post(BULK, {"items": [item, {"email": "ben@example.com"}]}).json()["data"]
    assert [(row["result"], row["code"]) for row in rows] == [("refused", "invalid_request"), ("done", None)]


def test_a_nul_in_a_list_of_addresses_is_a_refusal_of_its_row(api, alice):
    rows = ask(api, alice, ["a\0@example.com", "ben@example.com"])["data"]
    assert [row["code"] for row in rows] == ["invalid_request", None]


def test_an_address_listed_twice_counts_once_across_chunks_too(api, alice):
    answer = ask(api, alice, [f"p{n}@example.com" for n in range(120)] + ["P0@Example.com"])
    assert answer["summary"] == {"done": 120, "refused": 1}
    assert (answer["data"][120]["email"], answer["data"][120]["code"]) == ("p0@example.com", "duplicate")


@pytest.fixture
def three(as_alice):
    """Three invitations of some minutes ago; the second has expired."""
    results = invite(as_alice, [f"p{n}@example.com" for n in range(3)], products=[cast.CHAT])
    Invitation.objects.update(sent_at=timezone.now() - timedelta(minutes=5))
    past = timezone.now() - timedelta(minutes=1)
    second = results[1].invitation
    Invitation.objects.filter(id=second.id).update(expires_at=past)
    second.membership.expires_at = past
    second.membership.save()
    return [result.invitation for result in results]


def test_many_are_resent_by_id_each_with_a_result(api, alice, three, as_alice):
    revoke(as_alice, three[2].id)
    rows = api(alice).post(f"{PATH}/bulk-resend", {"invitations": [str(one.id) for one in three]}).json()["data"]
    assert [(row["email"], row["code"]) for row in rows] == [
        ("p0@example.com", None), ("p1@example.com", None), ("p2@example.com", "invitation_not_pending"),
    ]  # fmt: skip
    assert [row["invitation"] for row in rows] == [str(one.id) for one in three]
    again = api(alice).post(f"{PATH}/bulk-resend", {"invitations": [str(three[0].id)]}).json()["data"][0]
    assert again["code"] == "rate_limited"
    assert 0 < again["retry_after"] <= 60


def test_many_are_revoked_by_a_filter(api, alice, three, acme):
    answer = api(alice).post(f"{PATH}/bulk-revoke", {"filter": {"status": "expired"}}).json()
    assert [row["email"] for row in answer["data"]] == ["p1@example.com"]
    assert acme.memberships.invited().filter(email__startswith="p").count() == 2
    assert api(alice).post(f"{PATH}/bulk-revoke", {"filter": {"status": "pending"}}).json()["summary"]["done"] >= 2
    assert not acme.memberships.filter(email__startswith="p").exists()


@pytest.mark.parametrize("act", ["bulk-resend", "bulk-revoke"])
def test_a_foreign_id_among_them_and_nothing_is_done(api, alice, dana, globex, three, act):
    [theirs] = invite(actor_for(dana, "globex"), ["zoe@new.example"])
    ids = [str(three[0].id), str(theirs.invitation.id)]
    before = Delivery.objects.count()
    assert problem(api(alice).post(f"{PATH}/{act}", {"invitations": ids})) == (404, "not_found")
    assert (Delivery.objects.count(), Invitation.objects.filter(status="revoked").count()) == (before, 0)


@pytest.mark.parametrize("act", ["bulk-resend", "bulk-revoke"])
def test_only_admins_act_on_many_and_not_on_all_by_default(api, alice, bob, carol, three, act):
    for who in (bob, carol):
        asked = {"invitations": [str(three[0].id)]}
        assert problem(api(who).post(f"{PATH}/{act}", asked)) == (403, "permission_denied")
    assert fields(api(alice).post(f"{PATH}/{act}", {})) == ["invitations"]
    assert problem(api(alice).post(f"{PATH}/{act}", {"filter": {}})) == (400, "invalid_request")


def test_a_repeated_bulk_revocation_says_what_the_first_said(api, alice, three):
    body, key = {"filter": {"status": "pending"}}, {"Idempotency-Key": "clean up"}
    first = api(alice).send("POST", f"{PATH}/bulk-revoke", body, **key)
    again = api(alice).send("POST", f"{PATH}/bulk-revoke", body, **key)
    assert first.json()["summary"]["done"] >= 2
    assert again.content == first.content


NO_BODIES = [
    ({}, ["emails"]),
    ({"emails": []}, ["emails"]),
    ({"emails": "ada@example.com"}, ["emails"]),
    ({"emails": [None]}, ["emails.0"]),
    ({"emails": ["a@example.com", ["b@example.com"]]}, ["emails.1"]),
    ({"emails": ["a@example.com"], "email": "b@example.com"}, ["email"]),
    ({"emails": ["a@example.com"], "items": [{"email": "b@example.com"}]}, ["emails"]),
    ({"items": [{}]}, ["items.0.email"]),
    ({"items": [{"email": "a@example.com", "role": "owner"}]}, ["items.0.role"]),
    ({"items": [{"email": "a@example.com", "metadata": {"a": 1}}]}, ["items.0.metadata.a"]),
    ({"emails": ["a@example.com"], "role": "owner"}, ["role"]),
    ({"emails": ["a@example.com"], "seats": ["nothing"]}, ["seats"]),
    ({"emails": ["a@example.com"], "dry_run": "perhaps"}, ["dry_run"]),
    ({"emails": ["a@example.com"], "expires_in_days": 31}, ["expires_in_days"]),
]


def test_what_makes_no_sense_is_refused_by_name(api, alice):
    for body, named in NO_BODIES:
        assert fields(api(alice).post(BULK, body)) == named, body
    assert api(alice).get(PATH, status="pending").json()["data"] == []


@pytest.fixture
def ada(as_alice):
    [answer] = invite(as_alice, ["ada@example.com"], products=[cast.CHAT])
    return answer.invitation


def test_an_open_invitation_is_edited_whole(api, alice, ada, seats_of, acme):
    ends = (timezone.now() + timedelta(days=20)).isoformat()
    answer = api(alice).patch(f"{PATH}/{ada.id}", {"role": "billing", "seats": [cast.CODE], "expires_at": ends})
    assert answer.status_code == 200, answer.content
    edited = answer.json()
    assert (edited["role"], edited["seats"], edited["status"]) == ("billing", [cast.CODE], "pending")
    assert edited["expires_at"][:19] == ends[:19]
    assert edited == api(alice).get(f"{PATH}/{ada.id}").json()
    assert edited["sent_count"] == 1
    assert (seats_of(acme).held, seats_of(acme, cast.CODE).held) == (0, 1)


def test_what_cannot_be_edited_whole_stays(api, alice, carol, ada, as_alice):
    before = api(alice).get(f"{PATH}/{ada.id}").json()
    for body, named in (
        ({"role": "owner"}, "role"),
        ({"role": "admin", "seats": ["nothing"]}, "seats"),
        ({"role": "admin", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"role": "admin", "expires_at": "2099-01-01T00:00:00Z"}, "expires_at"),
        ({"role": "admin", "expires_at": None}, "expires_at"),
        ({"email": "eve@example.com"}, "email"),
    ):
        assert fields(api(alice).patch(f"{PATH}/{ada.id}", body)) == [named]
    assert problem(api(carol).patch(f"{PATH}/{ada.id}", {"role": "admin"})) == (403, "permission_denied")
    assert api(alice).get(f"{PATH}/{ada.id}").json() == before
    revoke(as_alice, ada.id)
    assert problem(api(alice).patch(f"{PATH}/{ada.id}", {"role": "admin"})) == (409, "invitation_not_pending")


def test_an_edit_of_what_was_changed_meanwhile_is_refused(api, alice, ada):
    seen = api(alice).get(f"{PATH}/{ada.id}")["ETag"]
    first = api(alice).send("PATCH", f"{PATH}/{ada.id}", {"role": "billing"}, **{"If-Match": seen})
    assert first.status_code == 200
    late = api(alice).send("PATCH", f"{PATH}/{ada.id}", {"role": "admin"}, **{"If-Match": seen})
    assert problem(late) == (412, "precondition_failed")
    again = api(alice).send("PATCH", f"{PATH}/{ada.id}", {"role": "admin"}, **{"If-Match": first["ETag"]})
    assert again.json()["role"] == "admin"
