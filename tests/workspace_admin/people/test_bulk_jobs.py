"""Bulk calls on members and on invitations in the background: the rows of the call itself, for up to ten thousand."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats.lifecycle.services import deactivate, remove
from billing_seats.models import MemberPreview
from invitations.inviting import invite
from invitations.models import Invitation
from members.ids import new_id
from members.job import Job
from members.jobs import services
from members.models import AuditEvent, Membership, Role, Status, User
from tests.api_clients import fields, problem
from workspace_admin.demo import cast
from workspace_admin.people.bulk_jobs import start_changes

pytestmark = pytest.mark.usefixtures("every_workspace")
PATH, JOBS = "/workspaces/acme/members/bulk", "/workspaces/acme/jobs"
RESEND, REVOKE = "/workspaces/acme/invitations/bulk-resend", "/workspaces/acme/invitations/bulk-revoke"


@pytest.fixture
def ids(acme, alice, bob, carol):
    return {row.email.partition("@")[0]: row.id for row in acme.memberships.all()}


@pytest.fixture
def send(api, alice):
    """Start a job and return it."""

    def post(path, body, **headers):
        answer = api(alice).send("POST", path, body, Prefer="respond-async", **headers)
        assert answer.status_code == 202, answer.content
        assert answer["Location"] == f"/api/v1{JOBS}/{answer.json()['id']}"
        return answer.json()

    return post


@pytest.fixture
def finish(api, alice):
    """Run all jobs to their end and return one with its rows."""

    def run(job):
        while services.run_next():
            pass
        ended = api(alice).get(f"{JOBS}/{job['id']}", limit=100).json()
        assert ended["done"] + ended["refused"] == ended["total"]
        return ended

    return run


@pytest.fixture
def crowd(acme):
    """Make so many people who were deactivated and had a seat."""

    def make(count):
        users = User.objects.bulk_create(User(email=f"n{n:04}@example.com", password="!") for n in range(count))
        values = {"role": Role.MEMBER, "status": Status.DEACTIVATED, "seats_before": [cast.CODE]}
        people = [Membership(workspace=acme, user=user, email=user.email, name=user.email, **values) for user in users]
        return [row.id for row in Membership.objects.bulk_create(people)]

    return make


def codes(answer):
    return [row["code"] for row in answer["data"]]


def test_a_job_returns_the_rows_of_the_call(api, alice, as_alice, ids, acme, send, finish):
    [offer] = invite(as_alice, ["ada@example.com"])
    members = [ids["bob"], ids["alice"], offer.invitation.membership_id, ids["bob"], ids["carol"]]
    body = {"members": [str(one) for one in members], "set": {"status": "deactivated"}}
    tried = api(alice).post(PATH, body | {"dry_run": True}).json()
    job = send(PATH, body)
    assert acme.memberships.filter(status=Status.DEACTIVATED).count() == 0
    done = finish(job)
    assert done["data"] == tried["data"]
    assert (done["status"], codes(done)) == ("done", [None, "last_admin", "member_invited", "duplicate", None])
    assert done["data"][2]["invitation"] == str(offer.invitation.id)
    assert acme.memberships.filter(status=Status.DEACTIVATED).count() == 2


def test_a_filter_is_a_job_for_those_it_matches_now(ids, acme, as_alice, crowd, send, finish):
    crowd(130)
    job = send(PATH, {"filter": {"status": "deactivated"}, "set": {"status": "active"}})
    deactivate(as_alice, ids["bob"])
    assert services.run_next()
    assert acme.memberships.filter(status=Status.ACTIVE, email__startswith="n").count() == 100
    done = finish(job)
    assert (done["total"], done["done"]) == (130, 130)
    assert done["data"][3]["seats_gone"] == [cast.CODE], "three seats were left"
    assert "seats_gone" not in done["data"][2]
    assert acme.memberships.get(id=ids["bob"]).status == Status.DEACTIVATED
    assert finish(send(PATH, {"filter": {"status": "lapsed"}, "set": {"remove": True}}))["total"] == 0


def test_a_preview_is_done_as_it_was_shown(api, alice, as_alice, ids, acme, send, finish):
    body = {"members": [str(ids[name]) for name in ("bob", "carol", "alice")], "set": {"remove": True}}
    shown = api(alice).post(PATH, body | {"dry_run": True}).json()
    job = send(PATH, {"preview": shown["preview"]})
    acme.memberships.filter(id=ids["bob"]).update(role=Role.BILLING)
    remove(as_alice, ids["carol"])
    assert codes(finish(job)) == ["precondition_failed", "not_found", "last_admin"]
    assert acme.memberships.filter(id=ids["bob"]).exists()


def test_the_members_page_starts_a_job_of_what_it_showed(as_alice, ids, acme, finish):
    offers = [answer.invitation for answer in invite(as_alice, ["ada@example.com", "ines@example.com"])]
    values = {"workspace": acme, "actor_type": "user", "actor_id": as_alice.id}
    kept = MemberPreview.objects.create(
        **values, changes={"invitations": "revoke"}, rows=[[str(one.id), {}] for one in offers]
    )
    done = finish({"id": start_changes(as_alice, kept).id})
    assert [row["email"] for row in done["data"]] == ["ada@example.com", "ines@example.com"]
    assert Invitation.objects.filter(status="revoked").count() == 2


def test_a_preview_of_invitations_changes_no_members(api, alice, as_alice, acme):
    kept = MemberPreview.objects.create(
        workspace=acme, actor_type="user", actor_id=as_alice.id, changes={"invitations": "revoke"}, rows=[]
    )
    for headers in ({}, {"Prefer": "respond-async"}):
        assert fields(api(alice).send("POST", PATH, {"preview": str(kept.id)}, **headers)) == ["preview"]


@pytest.mark.parametrize(("path", "event"), [(RESEND, "invitation.resent"), (REVOKE, "invitation.revoked")])
def test_invitations_are_resent_and_revoked_in_the_background(as_alice, ids, path, event, send, finish):
    offers = [answer.invitation for answer in invite(as_alice, [f"p{n}@example.com" for n in range(103)])]
    Invitation.objects.update(sent_at=Now() - timedelta(hours=1))
    Invitation.objects.filter(id=offers[1].id).update(status="declined", membership=None)
    chosen = send(path, {"invitations": [str(one.id) for one in offers]})
    assert services.run_next()
    assert AuditEvent.objects.filter(action=event).count() == 99
    done = finish(chosen)
    assert (done["done"], done["refused"], codes(done)[:3]) == (102, 1, [None, "invitation_not_pending", None])
    assert done["data"][0]["invitation"] == str(offers[0].id)
    assert done["data"][0]["email"] == "p0@example.com"


def test_what_is_wrong_for_all_is_refused_before_a_job_begins(api, alice, ids, as_alice):
    def refused(path, body):
        return api(alice).send("POST", path, body, Prefer="respond-async")

    bob = [str(ids["bob"])]
    assert fields(refused(PATH, {"members": bob, "set": {"seats_add": ["nothing"]}})) == ["set.seats_add"]
    assert fields(refused(PATH, {"members": bob, "set": {"seats_remove": ["nothing"]}})) == ["set.seats_remove"]
    assert problem(refused(PATH, {"members": [*bob, str(new_id())], "set": {"remove": True}})) == (404, "not_found")
    assert problem(refused(REVOKE, {"invitations": [str(new_id())]})) == (404, "not_found")
    assert not Job.objects.exists()


def test_a_thousand_are_for_a_call_and_ten_thousand_for_a_job(api, alice, acme, crowd, send):
    caller = api(alice)
    crowd(1_001)
    every = [str(row) for row in Membership.objects.filter(workspace=acme).values_list("id", flat=True)]
    change = {"filter": {"status": "deactivated"}, "set": {"role": "billing"}}
    assert fields(caller.post(PATH, change)) == ["filter"]
    assert send(PATH, change)["total"] == 1_001
    assert fields(caller.post(PATH, {"members": every, "set": {"role": "billing"}})) == ["members"]
    assert send(PATH, {"members": every, "set": {"role": "billing"}})["total"] == len(every)
    for path, body in (
        (PATH, {"members": every * 10, "set": {"role": "billing"}}),
        (RESEND, {"invitations": every * 10}),
    ):
        assert len(fields(caller.send("POST", path, body, Prefer="respond-async"))) == 1
    assert fields(caller.post(REVOKE, {"invitations": every})) == ["invitations"]


def test_repeated_under_its_key_a_job_is_the_same_one(ids, send, finish):
    body, key = {"filter": {"role": "member"}, "set": {"remove": True}}, {"Idempotency-Key": "tidy up"}
    job = finish(send(PATH, body, **key))
    assert send(PATH, body, **key)["id"] == job["id"]
    assert (job["done"], Job.objects.count()) == (1, 1)
