"""One change to many members over the REST API: an answer for each, in order, and nothing half done."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from invitations.inviting import invite
from members.access import actor_for
from members.models import AuditEvent, Membership, Role, Status
from tests.api_clients import fields, problem
from workspace_admin.demo import cast

pytestmark = pytest.mark.usefixtures("every_workspace")

PATH = "/workspaces/acme/members/bulk"


@pytest.fixture
def ids(acme, alice, bob, carol):
    return {row.email.partition("@")[0]: str(row.id) for row in acme.memberships.all()}


@pytest.fixture
def ada(as_alice):
    [answer] = invite(as_alice, ["ada@example.com"])
    return answer.invitation


@pytest.fixture
def crowd(acme, person):
    """Make so many members, each with a user, and answer their ids."""

    def make(size, **values):
        made = []
        for number in range(size):
            user = person(f"n{number:03}@example.com")
            made.append(
                Membership.objects.create(
                    workspace=acme,
                    user=user,
                    email=user.email,
                    name=user.name,
                    **{"role": Role.MEMBER, "status": Status.ACTIVE} | values,
                )
            )
        return [str(row.id) for row in made]

    return make


def ask(api, alice, members, dry_run=False, **orders):
    response = api(alice).post(PATH, {"members": members, "set": orders, "dry_run": dry_run})
    assert response.status_code == 200, response.content
    return response.json()


def codes(answer):
    return [row["code"] for row in answer["data"]]


def test_each_gets_an_answer_in_the_order_given(api, alice, ids, ada, acme, person):
    cast.join(actor_for(alice, "acme"), person("guest@example.com"), Role.MEMBER)
    guest = acme.memberships.get(email="guest@example.com")
    Membership.objects.filter(id=guest.id).update(expires_at=Now() + timedelta(days=3))
    asked = [ids["bob"], str(guest.id), ids["carol"], str(ada.membership_id), ids["alice"]]
    answer = ask(api, alice, asked, role="admin")
    assert [row["member"] for row in answer["data"]] == asked
    assert [row["result"] for row in answer["data"]] == ["done", "refused", "done", "done", "done"]
    assert answer["data"][1]["code"] == "invalid_request"
    assert "end" in answer["data"][1]["detail"]
    assert {*answer["data"][0]} == {"member", "result", "code", "detail", "invitation"}
    assert (answer["dry_run"], answer["summary"]) == (False, {"done": 4, "refused": 1})
    assert acme.memberships.filter(role=Role.ADMIN).count() == 4
    # Who is an Admin already is no event.
    assert AuditEvent.objects.filter(action="member.role_changed").count() == 3


def test_the_last_admin_stays_whoever_is_last(api, alice, ids, acme):
    ask(api, alice, [ids["bob"]], role="admin")
    answer = ask(api, alice, [ids["bob"], ids["alice"], ids["carol"]], status="deactivated")
    assert codes(answer) == [None, "last_admin", None]
    assert acme.memberships.admins().get().email == alice.email


def test_who_has_not_joined_is_not_deactivated_or_removed(api, alice, ids, ada, acme):
    for orders in ({"status": "deactivated"}, {"status": "active"}, {"remove": True}):
        answer = ask(api, alice, [str(ada.membership_id)], **orders)
        assert codes(answer) == ["member_invited"]
        assert answer["data"][0]["invitation"] == str(ada.id)
    answer = ask(api, alice, [ids["bob"], ids["carol"]], remove=True)
    assert answer["summary"] == {"done": 2, "refused": 0}
    assert set(acme.memberships.values_list("email", flat=True)) == {alice.email, "ada@example.com"}


def test_seats_go_in_order_while_they_last(api, alice, ids, ada, seats_of, acme):
    asked = [ids["bob"], ids["alice"], ids["carol"], str(ada.membership_id)]
    answer = ask(api, alice, asked, seats_add=[cast.CODE, cast.CHAT])
    assert codes(answer) == [None, None, None, "seats_exhausted"]
    assert "Mistral Code" in answer["data"][3]["detail"]
    assert (seats_of(acme, cast.CODE).in_use, seats_of(acme, cast.CODE).held) == (3, 0)
    assert (seats_of(acme).in_use, seats_of(acme).held) == (3, 0)
    assert codes(ask(api, alice, asked, seats_add=[cast.CODE])) == [None, None, None, "seats_exhausted"]
    assert codes(ask(api, alice, asked, seats_remove=[cast.CODE])) == [None] * 4
    assert seats_of(acme, cast.CODE).in_use == 0
    assert seats_of(acme).in_use == 3


def test_a_seat_is_taken_and_another_given_in_one_step(api, alice, ids, acme, seats_of):
    ask(api, alice, [ids["bob"]], seats_add=[cast.CODE], seats_remove=[cast.CHAT], role="billing")
    bob = acme.memberships.get(id=ids["bob"])
    assert (bob.role, [str(seat.product) for seat in bob.seats.all()]) == ("billing", ["Mistral Code"])
    actions = AuditEvent.objects.filter(target_id=bob.id).order_by("id").values_list("action", flat=True)
    assert list(actions)[-3:] == ["member.role_changed", "seat.taken", "seat.given"]


def test_the_deactivated_have_their_seats_again_while_they_last(api, alice, ids, acme, seats_of):
    ask(api, alice, [ids["bob"], ids["carol"]], seats_add=[cast.CODE])
    asked = [ids["bob"], ids["carol"]]
    ask(api, alice, asked, status="deactivated")
    assert seats_of(acme).in_use == seats_of(acme, cast.CODE).in_use == 0
    assert acme.memberships.get(id=ids["bob"]).seats_before == [cast.CHAT, cast.CODE]
    acme.seat_pools.filter(product__slug=cast.CODE).update(purchased=1)
    assert codes(ask(api, alice, asked, status="active")) == [None, None]
    assert seats_of(acme, cast.CODE).in_use == 1
    assert [seat.product.slug for seat in acme.memberships.get(id=ids["carol"]).seats.all()] == []
    assert acme.memberships.filter(status=Status.DEACTIVATED).count() == 0
    assert acme.memberships.get(id=ids["bob"]).seats_before == []


def test_reactivation_with_a_seat_is_whole_or_not_at_all(api, alice, ids, acme):
    ask(api, alice, [ids["bob"]], status="deactivated")
    acme.seat_pools.filter(product__slug=cast.CODE).update(purchased=0)
    assert codes(ask(api, alice, [ids["bob"]], status="active", seats_add=[cast.CODE])) == ["seats_exhausted"]
    assert acme.memberships.get(id=ids["bob"]).status == Status.DEACTIVATED
    assert codes(ask(api, alice, [ids["bob"]], seats_add=[cast.CODE])) == ["invalid_request"]


def test_a_trial_run_tells_what_would_be_and_changes_nothing(api, alice, ids, ada, acme, crowd):
    asked = [ids["carol"], *crowd(3), ids["bob"], str(ada.membership_id)]
    events = AuditEvent.objects.count()
    tried = ask(api, alice, asked, dry_run=True, seats_add=[cast.CODE])
    assert tried.pop("preview")
    assert (tried.pop("dry_run"), AuditEvent.objects.count()) == (True, events)
    assert acme.seats.filter(product__slug=cast.CODE).count() == 0
    done = ask(api, alice, asked, seats_add=[cast.CODE])
    assert (done.pop("dry_run"), done) == (False, tried)
    assert done["summary"] == {"done": 3, "refused": 3}


def test_a_trial_run_of_many_chunks_counts_through(api, alice, acme, crowd, ids):
    acme.seat_pools.filter(product__slug=cast.CODE).update(purchased=120)
    asked = crowd(130)
    tried = ask(api, alice, asked, dry_run=True, seats_add=[cast.CODE])
    assert tried["summary"] == {"done": 120, "refused": 10}
    assert acme.seats.filter(product__slug=cast.CODE).count() == 0
    assert ask(api, alice, asked, seats_add=[cast.CODE])["data"] == tried["data"]


def test_one_foreign_id_and_nothing_is_done(api, alice, ids, globex, acme):
    foreign = str(globex.memberships.get(user=alice).id)
    for stranger in (foreign, str(uuid.uuid4())):
        for dry_run in (True, False):
            body = {"members": [ids["bob"], stranger], "set": {"role": "billing"}, "dry_run": dry_run}
            assert problem(api(alice).post(PATH, body)) == (404, "not_found")
    assert acme.memberships.get(id=ids["bob"]).role == Role.MEMBER


def test_only_an_admin_changes_many(api, bob, carol, dana, ids):
    for who in (bob, carol):
        refused = api(who).post(PATH, {"members": [ids["bob"]], "set": {"role": "admin"}})
        assert problem(refused) == (403, "permission_denied")
    assert problem(api(dana).post(PATH, {"members": [ids["bob"]], "set": {}})) == (404, "not_found")


NO_BODIES = [
    ({}, {"members", "set"}),
    ({"members": [], "set": {"role": "admin"}}, {"members"}),
    ({"members": ["me"], "set": {"role": "admin"}}, {"members.0"}),
    ({"members": "x", "set": {"role": "admin"}}, {"members"}),
    ({"members": [str(uuid.UUID(int=n)) for n in range(1001)], "set": {"role": "admin"}}, {"members"}),
    ({"set": {}}, {"set"}),
    ({"set": []}, {"set"}),
    ({"set": {"role": "owner"}}, {"set.role"}),
    ({"set": {"status": "invited"}}, {"set.status"}),
    ({"set": {"rolle": "admin"}}, {"set.rolle"}),
    ({"set": {"remove": True, "role": "admin"}}, {"set.remove"}),
    ({"set": {"remove": "maybe"}}, {"set.remove"}),
    ({"set": {"seats_add": ["nothing"]}}, {"set.seats_add"}),
    ({"set": {"seats_remove": ["nothing"]}}, {"set.seats_remove"}),
    ({"set": {"seats_add": [cast.CHAT], "seats_remove": [cast.CHAT]}}, {"set.seats_remove"}),
    ({"set": {"seats_add": [cast.CHAT], "status": "deactivated"}}, {"set.seats_add"}),
    ({"set": {"role": "admin"}, "dry": True}, {"dry"}),
]


def test_what_makes_no_sense_is_refused_by_name(api, alice, ids):
    for body, named in NO_BODIES:
        refused = api(alice).post(PATH, {"members": [ids["bob"]]} | body if body else {})
        assert {*fields(refused)} == named, body


def test_one_named_twice_is_changed_once(api, alice, ids):
    answer = ask(api, alice, [ids["bob"], ids["bob"].upper()], remove=True)
    assert codes(answer) == [None, "duplicate"]
    assert answer["summary"] == {"done": 1, "refused": 1}
    assert AuditEvent.objects.filter(action="member.removed").count() == 1


ALL_ORDERS = [
    {"role": "billing"},
    {"status": "deactivated"},
    {"status": "active", "seats_add": [cast.CHAT]},
    {"seats_add": [cast.CODE], "seats_remove": [cast.CHAT], "role": "billing"},
    {"remove": True},
]


@pytest.mark.parametrize("orders", ALL_ORDERS)
def test_a_hundred_cost_forty_statements_and_not_more_than_ten_do(api, alice, acme, crowd, orders):
    acme.seat_pools.update(purchased=500)
    asked, caller = crowd(100), api(alice)
    if orders.get("status") == "active":
        acme.memberships.filter(id__in=asked).update(status=Status.DEACTIVATED, seats_before=[cast.CODE])
    else:
        ask(api, alice, asked, seats_add=[cast.CHAT])
    caller.get("/workspaces/acme/members")

    def cost(members):
        with CaptureQueriesContext(connection) as statements:
            answer = caller.post(PATH, {"members": members, "set": orders})
        assert answer.json()["summary"] == {"done": len(members), "refused": 0}
        return len([one for one in statements if not one["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN"))])

    ten, ninety = cost(asked[:10]), cost(asked[10:])
    assert ninety <= ten <= 40


def test_a_repetition_goes_on_where_the_first_stopped(api, alice, acme, crowd):
    asked = crowd(150)
    body = {"members": asked, "set": {"remove": True}}
    first = api(alice).send("POST", PATH, body, **{"Idempotency-Key": "spring cleaning"})
    again = api(alice).send("POST", PATH, body, **{"Idempotency-Key": "spring cleaning"})
    assert first.status_code == again.status_code == 200
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"
    other = api(alice).send("POST", PATH, {**body, "dry_run": True}, **{"Idempotency-Key": "spring cleaning"})
    assert problem(other) == (409, "idempotency_conflict")
