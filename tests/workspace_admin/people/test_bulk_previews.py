"""A change to many members that was previewed: what was shown is done, and nothing else."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats.lifecycle.services import change_role, deactivate, remove
from billing_seats.models import MemberPreview
from members.models import AuditEvent, Role, Status
from tests.api_clients import fields, problem
from workspace_admin.demo import cast

pytestmark = pytest.mark.usefixtures("every_workspace")
PATH = "/workspaces/acme/members/bulk"
LATER = "2099-01-01T00:00:00Z"


@pytest.fixture
def ids(acme, alice, bob, carol):
    return {row.email.partition("@")[0]: str(row.id) for row in acme.memberships.all()}


@pytest.fixture
def rows(acme, ids):
    return {name: acme.memberships.get(id=member).id for name, member in ids.items()}


@pytest.fixture
def ask(api, alice):
    def post(**body):
        response = api(alice).post(PATH, body)
        assert response.status_code == 200, response.content
        return response.json()

    return post


def codes(answer):
    return [row["code"] for row in answer["data"]]


def test_what_was_shown_is_done(ask, ids, acme):
    shown = ask(members=[ids["bob"], ids["carol"]], set={"role": "billing", "expires_at": LATER}, dry_run=True)
    assert (shown["summary"], acme.memberships.filter(role=Role.BILLING).count()) == ({"done": 2, "refused": 0}, 1)
    done = ask(preview=shown["preview"])
    assert (done["dry_run"], done["data"]) == (False, shown["data"])
    assert acme.memberships.filter(role=Role.BILLING, expires_at=LATER).count() == 2


def test_whoever_changed_meanwhile_is_refused(ask, ids, rows, acme, as_alice):
    shown = ask(members=[ids["bob"], ids["carol"], ids["alice"]], set={"seats_add": [cast.CODE]}, dry_run=True)
    change_role(as_alice, rows["bob"], "billing")
    remove(as_alice, rows["carol"])
    assert codes(ask(preview=shown["preview"])) == ["precondition_failed", "not_found", None]
    assert [str(seat.membership_id) for seat in acme.seats.filter(product__slug=cast.CODE)] == [ids["alice"]]


def test_what_the_preview_refused_stays_refused(ask, ids, acme):
    acme.seat_pools.filter(product__slug=cast.CODE).update(purchased=1)
    shown = ask(members=[ids["bob"], ids["carol"]], set={"seats_add": [cast.CODE]}, dry_run=True)
    assert codes(shown) == [None, "seats_exhausted"]
    acme.seat_pools.filter(product__slug=cast.CODE).update(purchased=5)
    assert codes(ask(preview=shown["preview"])) == [None, "precondition_failed"]


def test_a_seat_that_went_meanwhile_is_not_lost_silently(ask, ids, rows, acme, as_alice):
    deactivate(as_alice, rows["bob"])
    shown = ask(members=[ids["bob"]], set={"status": "active"}, dry_run=True)
    assert "seats_gone" not in shown["data"][0]
    acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=0)
    assert codes(ask(preview=shown["preview"])) == ["precondition_failed"]
    assert acme.memberships.get(id=ids["bob"]).status == Status.DEACTIVATED
    again = ask(members=[ids["bob"]], set={"status": "active"}, dry_run=True)
    assert ask(preview=again["preview"])["data"] == again["data"]
    assert again["data"][0]["seats_gone"] == [cast.CHAT]


def test_a_filter_is_kept_as_the_members_it_matched(ask, ids, rows, acme, as_alice):
    shown = ask(filter={"role": "member"}, set={"remove": True}, dry_run=True)
    assert [row["member"] for row in shown["data"]] == [ids["bob"]]
    change_role(as_alice, rows["carol"], "member")
    assert ask(preview=shown["preview"])["summary"] == {"done": 1, "refused": 0}
    assert set(acme.memberships.values_list("email", flat=True)) == {"alice@acme.example", "carol@acme.example"}


def test_a_preview_is_for_its_asker_and_for_a_quarter_of_an_hour(ask, ids, api, alice, key_of, as_alice, acme):
    shown = ask(members=[ids["bob"]], set={"remove": True}, dry_run=True)
    program = key_of(as_alice)
    assert fields(program.post(PATH, {"preview": shown["preview"]})) == ["preview"]
    MemberPreview.objects.update(created_at=Now() - timedelta(minutes=16))
    assert fields(api(alice).post(PATH, {"preview": shown["preview"]})) == ["preview"]
    ask(members=[ids["carol"]], set={"remove": True}, dry_run=True)
    assert MemberPreview.objects.count() == 1, "what has expired goes with the next preview"
    assert acme.memberships.count() == len(ids)


def test_a_preview_says_everything(api, alice, bob, ids, ask):
    shown = ask(members=[ids["carol"]], set={"role": "admin"}, dry_run=True)["preview"]
    for name, value in {
        "members": [ids["bob"]],
        "filter": {"q": "b"},
        "set": {"role": "admin"},
        "dry_run": True,
    }.items():
        assert fields(api(alice).post(PATH, {"preview": shown, name: value})) == [name]
    assert problem(api(bob).post(PATH, {"preview": shown})) == (403, "permission_denied")


def test_repeated_under_its_key_it_is_done_once(api, alice, ids, ask):
    shown = ask(members=[ids["bob"]], set={"remove": True}, dry_run=True)
    first, again = (
        api(alice).send("POST", PATH, {"preview": shown["preview"]}, **{"Idempotency-Key": "once"}) for _ in range(2)
    )
    assert (first.status_code, first.json()["summary"]) == (200, {"done": 1, "refused": 0})
    assert again.content == first.content
    assert AuditEvent.objects.filter(action="member.removed").count() == 1


NO_FILTERS = [
    ({}, "filter"),
    ({"status": "gone"}, "filter.status"),
    ({"role": 1}, "filter.role"),
    ({"product": 7}, "filter.product"),
    ({"sort": "name"}, "filter.sort"),
    ([], "filter"),
]


def test_a_filter_has_the_names_of_the_lists(ask, api, alice, ids, acme):
    answer = ask(filter={"status": "active", "product": cast.CHAT, "q": "bo"}, set={"seats_remove": [cast.CHAT]})
    assert ([row["member"] for row in answer["data"]], acme.seats.count()) == ([ids["bob"]], 0)
    nobody = ask(filter={"status": "deactivated"}, set={"remove": True})
    assert nobody["summary"] == {"done": 0, "refused": 0}
    for wanted, field in NO_FILTERS:
        assert fields(api(alice).post(PATH, {"filter": wanted, "set": {"remove": True}})) == [field], wanted


def test_an_end_is_set_for_many_and_not_for_admins(ask, ids, acme):
    answer = ask(members=[ids["bob"], ids["alice"]], set={"expires_at": LATER})
    assert codes(answer) == [None, "invalid_request"]
    assert codes(ask(members=[ids["bob"]], set={"expires_at": "2020-01-01T00:00:00Z"})) == ["invalid_request"]
    ask(members=[ids["bob"]], set={"expires_at": None, "role": "admin"})
    assert acme.memberships.get(id=ids["bob"]).role == Role.ADMIN
