"""Bulk calls in the background: what they answer, whose turn it is, and what ends them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from billing_seats.models import Plan, Subscription
from invitations.models import Delivery, Invitation
from members import tasks
from members.access import Action, actor_for
from members.job import Job, JobRow
from members.jobs import services
from members.models import Role
from tests.api_clients import fields, problem
from workspace_admin.demo import cast

pytestmark = pytest.mark.usefixtures("every_workspace")
BULK, JOBS = "/workspaces/acme/invitations/bulk", "/workspaces/acme/jobs"
ASYNC = {"Prefer": "respond-async"}


def emails(count, word="p"):
    return [f"{word}{number}@example.com" for number in range(count)]


def items(count, word="p"):
    return [{"email": email} for email in emails(count, word)]


def begin(caller, many, **headers):
    answer = caller.send("POST", BULK, {"emails": many}, **ASYNC, **headers)
    assert answer.status_code == 202, answer.content
    assert answer["Preference-Applied"] == "respond-async"
    assert answer["Location"] == f"/api/v1{JOBS}/{answer.json()['id']}"
    return answer.json()


def show(caller, job, **query):
    return caller.get(f"{JOBS}/{job['id']}", **query).json()


def finish():
    while services.run_next():
        pass


def test_a_job_does_what_the_call_would_have_done(api, alice):
    caller = api(alice)
    many = [*emails(229), "bob@acme.example", "nobody", "p0@example.com"]
    job = begin(caller, many)
    assert (job["status"], job["total"], job["done"], job["refused"]) == ("queued", 232, 0, 0)
    assert not Invitation.objects.filter(email__startswith="p").exists()
    assert show(caller, job)["data"] == []
    assert services.run_next()
    half = show(caller, job, limit=60)
    assert (half["status"], half["done"], half["refused"], half["ended_at"]) == ("working", 100, 0, None)
    assert len(half["data"]) == 60
    finish()
    done = show(caller, job, limit=100)
    assert (done["status"], done["done"], done["refused"], done["code"]) == ("done", 229, 3, None)
    assert done["ended_at"]
    rows = done["data"]
    while done["next_cursor"]:
        done = show(caller, job, limit=100, cursor=done["next_cursor"])
        rows += done["data"]
    assert [row["email"] for row in rows] == many
    assert [row["code"] for row in rows[-3:]] == ["already_member", "invalid_request", "duplicate"]
    assert {row["invitation"] for row in rows[:229]} == {
        str(pk) for pk in Invitation.objects.filter(email__startswith="p").values_list("id", flat=True)
    }
    assert Delivery.objects.filter(recipient__startswith="p").count() == 229


def test_ten_thousand_are_for_a_job_and_a_thousand_for_a_call(api, alice):
    caller = api(alice)
    assert fields(caller.post(BULK, {"emails": emails(1_001)})) == ["emails"]
    assert fields(caller.send("POST", BULK, {"emails": emails(10_001)}, **ASYNC)) == ["emails"]
    assert begin(caller, emails(1_001))["total"] == 1_001


def test_a_job_is_started_once_however_often_it_is_asked_for(api, alice):
    caller, key = api(alice), {"Idempotency-Key": "class of 2026"}
    job = begin(caller, emails(3), **key)
    services.run_next()
    again = caller.send("POST", BULK, {"emails": emails(3)}, **ASYNC, **key)
    assert (again["Idempotency-Replayed"], again.json()["id"], again.json()["status"]) == ("true", job["id"], "done")
    assert Job.objects.count() == 1
    assert problem(caller.send("POST", BULK, {"emails": emails(3)}, **key)) == (409, "idempotency_conflict")


def test_a_job_is_seen_by_who_started_it_and_by_admins(api, key_of, alice, as_alice, acme, bob, carol, person):
    job = begin(api(alice), emails(150))
    path = f"{JOBS}/{job['id']}"
    cast.join(as_alice, person("second@acme.example"), Role.ADMIN)
    assert api(person("second@acme.example")).get(path).status_code == 200
    assert key_of(as_alice, scope="read").get(path).status_code == 200
    for other in (bob, carol):
        for one in (path, f"{JOBS}/{acme.id}"):
            assert problem(api(other).get(one)) == (403, "permission_denied")
            assert problem(api(other).delete(one)) == (403, "permission_denied")
    acme.memberships.filter(user=alice).update(role=Role.MEMBER)
    assert api(alice).get(path).status_code == 200
    assert problem(api(alice).delete(path)) == (403, "permission_denied")


def test_a_job_is_seen_and_stopped_by_its_workspace_only(api, alice, dana):
    job = begin(api(alice), emails(150))
    path = f"{JOBS}/{job['id']}"
    for method in ("GET", "DELETE"):
        assert problem(api(dana).send(method, path)) == (404, "not_found")
        assert problem(api(dana).send(method, path.replace("acme", "globex"))) == (404, "not_found")
    services.run_next()
    assert api(alice).delete(path).status_code == 204
    assert not services.run_next()
    stopped = show(api(alice), job)
    assert (stopped["status"], stopped["code"], stopped["done"]) == ("stopped", "stopped", 100)
    assert api(alice).delete(path).status_code == 204
    assert Invitation.objects.filter(email__startswith="p").count() == 100


@pytest.mark.parametrize("face", ["session", "key"])
def test_who_loses_the_right_does_not_finish(api, key_of, as_alice, alice, acme, dana, face):
    job = begin(api(alice) if face == "session" else key_of(as_alice), emails(150))
    services.run_next()
    acme.memberships.create(user=dana, email=dana.email, role=Role.ADMIN, status="active")
    acme.memberships.filter(user=alice).update(role=Role.MEMBER)
    finish()
    stopped = show(api(dana), job)
    assert (stopped["status"], stopped["code"], stopped["done"]) == ("stopped", "permission_denied", 100)
    assert stopped["detail"]
    assert Invitation.objects.filter(email__startswith="p").count() == 100


def test_a_plan_that_ends_ends_the_job(api, alice, acme):
    job = begin(api(alice), emails(150))
    services.run_next()
    Subscription.objects.filter(workspace=acme).update(plan=Plan.PRO)
    finish()
    ended = Job.objects.get(id=job["id"])
    assert (ended.status, ended.code, ended.done) == ("stopped", "plan_required", 100)


def test_workspaces_take_turns(as_alice, dana):
    in_globex = actor_for(dana, "globex")
    for number in range(2):
        services.start(as_alice, Action.INVITE, "invitations.invite", items(200, f"a{number}-"), {})
    services.start(in_globex, Action.INVITE, "invitations.invite", items(200, "g"), {})
    served = []
    for _ in range(6):
        before = dict(Job.objects.values_list("id", "done"))
        services.run_next()
        [job] = [one for one in Job.objects.select_related("workspace") if one.done != before[one.id]]
        served.append(job.workspace.slug)
    assert served[:4] == ["acme", "globex", "acme", "globex"]
    assert served[4:] == ["acme", "acme"]


def test_a_lease_keeps_others_away_until_it_ends(as_alice):
    job = services.start(as_alice, Action.INVITE, "invitations.invite", items(3), {})
    Job.objects.update(
        status="working", lease="019bb18a-75c0-7a00-8000-000000000001", leased_until=Now() + services.LEASE
    )
    assert not services.run_next()
    Job.objects.update(leased_until=Now() - timedelta(seconds=1))
    assert services.run_next()
    job.refresh_from_db()
    assert (job.status, job.done) == ("done", 3)


def test_what_fails_for_an_unknown_reason_is_given_up_in_the_end(as_alice):
    job = services.start(as_alice, Action.INVITE, "no.such.kind", items(1), {})
    for failure in range(1, services.MAX_FAILURES + 1):
        assert services.run_next()
        job.refresh_from_db()
        assert job.failures == failure
        Job.objects.filter(id=job.id).update(leased_until=Now())
    assert (job.status, job.code) == ("stopped", "internal_error")
    assert not services.run_next()


def test_a_workspace_has_ten_open_jobs_at_most(api, alice):
    for _ in range(services.MAX_OPEN):
        begin(api(alice), emails(1))
    refused = api(alice).send("POST", BULK, {"emails": emails(1)}, **ASYNC)
    assert problem(refused) == (429, "rate_limited")
    finish()
    begin(api(alice), emails(1))


def test_a_job_is_deleted_30_days_after_it_ended(as_alice):
    for count in (1, 200):
        services.start(as_alice, Action.INVITE, "invitations.invite", items(count), {})
    tasks.run_jobs()
    assert {*Job.objects.values_list("status", flat=True)} == {"done"}
    Job.objects.filter(total=1).update(ended_at=Now() - timedelta(days=30))
    Job.objects.filter(total=200).update(ended_at=Now() - timedelta(days=29))
    assert services.delete_expired() == 1
    assert JobRow.objects.count() == 200


@pytest.mark.django_db(transaction=True)
def test_a_busy_workspace_is_tried_again_later(as_alice):
    job = services.start(as_alice, Action.INVITE, "invitations.invite", items(3), {})
    holder = connection.copy()
    try:
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            cursor.execute("SELECT FROM members_workspace WHERE id = %s FOR UPDATE", [as_alice.workspace.id])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        assert services.run_next()
        assert not services.run_next()
    finally:
        holder.rollback()
        holder.close()
        connection.close()
    Job.objects.update(leased_until=Now())
    assert services.run_next()
    job.refresh_from_db()
    assert (job.status, job.done, job.failures) == ("done", 3, 0)
