"""One member over the REST API: shown, changed all or nothing, removed; and their seats."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from invitations.inviting import invite
from members.access import actor_for
from members.models import AuditEvent, Role, Status
from tests.api_clients import fields, problem
from workspace_admin.demo import cast

pytestmark = pytest.mark.usefixtures("every_workspace")

LATER = "2099-01-01T00:00:00Z"


@pytest.fixture
def bobs(acme, bob):
    return f"/workspaces/acme/members/{acme.memberships.get(user=bob).id}"


@pytest.fixture
def alices(acme, alice):
    return f"/workspaces/acme/members/{acme.memberships.get(user=alice).id}"


@pytest.fixture
def adas(as_alice):
    [answer] = invite(as_alice, ["ada@example.com"], products=[cast.CODE])
    return f"/workspaces/acme/members/{answer.invitation.membership_id}"


def test_a_member_is_shown_as_in_the_list(api, alice, carol, bobs):
    [listed] = api(alice).get("/workspaces/acme/members", q="bob").json()["data"]
    for who in (alice, carol):
        assert api(who).get(bobs).json() == listed


def test_an_admin_changes_role_and_end_in_one_step(api, alice, bobs, acme, bob):
    answer = api(alice).patch(bobs, {"role": "billing", "expires_at": "2099-01-01T02:00:00+02:00"})
    assert answer.status_code == 200
    assert (answer.json()["role"], answer.json()["expires_at"]) == ("billing", LATER)
    assert answer.json() == api(alice).get(bobs).json()
    done = AuditEvent.objects.filter(target_id=acme.memberships.get(user=bob).id).values_list("action", flat=True)
    assert {"member.role_changed", "member.end_changed"} <= set(done)


def test_a_guest_becomes_an_admin_where_the_end_goes_in_the_same_step(api, alice, bobs):
    api(alice).patch(bobs, {"expires_at": LATER})
    assert fields(api(alice).patch(bobs, {"role": "admin"})) == ["role"]
    made = api(alice).patch(bobs, {"role": "admin", "expires_at": None}).json()
    assert (made["role"], made["expires_at"]) == ("admin", None)
    back = api(alice).patch(bobs, {"role": "member", "expires_at": LATER}).json()
    assert (back["role"], back["expires_at"]) == ("member", LATER)


def test_what_cannot_be_done_whole_is_not_done_at_all(api, alice, bobs, alices):
    before = api(alice).get(bobs).json()
    refused = api(alice).patch(bobs, {"role": "billing", "status": "deactivated", "expires_at": "2020-01-01T00:00:00Z"})
    assert fields(refused) == ["expires_at"]
    assert api(alice).get(bobs).json() == before
    assert problem(api(alice).patch(alices, {"status": "deactivated"})) == (409, "last_admin")
    assert problem(api(alice).patch(alices, {"role": "member", "expires_at": LATER})) == (409, "last_admin")


def test_a_deactivated_member_has_the_same_seats_again(api, alice, bobs):
    gone = api(alice).patch(bobs, {"status": "deactivated"}).json()
    assert (gone["status"], gone["seats"]) == ("deactivated", [])
    for _ in range(2):
        back = api(alice).patch(bobs, {"status": "active"}).json()
        assert (back["status"], back["seats"]) == ("active", [cast.CHAT])


def test_a_reactivation_says_which_seats_are_gone(api, alice, bobs, acme):
    api(alice).patch(bobs, {"status": "deactivated"})
    acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=0)
    back = api(alice).patch(bobs, {"status": "active"})
    assert (back.json()["seats"], back.json()["seats_gone"]) == ([], [cast.CHAT])
    shown = api(alice).get(bobs)
    assert ("seats_gone" in shown.json(), shown["ETag"]) == (False, back["ETag"])


def test_deactivating_a_lapsed_guest_needs_no_seat(api, alice, bobs, acme, bob):
    acme.memberships.filter(user=bob).update(expires_at=Now() - timedelta(days=1))
    acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=0)
    assert problem(api(alice).patch(bobs, {"expires_at": LATER}))[0] == 409
    changed = api(alice).patch(bobs, {"status": "deactivated", "expires_at": LATER}).json()
    assert (changed["status"], changed["seats"], changed["expires_at"]) == ("deactivated", [], LATER)


def test_a_customers_own_id_and_labels_are_kept_on_a_member(api, alice, bobs):
    before = api(alice).get(bobs)
    assert (before.json()["external_id"], before.json()["metadata"]) == (None, {})
    labels = {"external_id": "hr-7", "metadata": {"team": "red"}}
    answer = api(alice).patch(bobs, {"role": "billing", **labels})
    changed = answer.json()
    assert {name: changed[name] for name in labels} == labels
    assert (changed["role"], changed["updated_at"] > before.json()["updated_at"]) == ("billing", True)
    assert answer["ETag"] == api(alice).get(bobs)["ETag"] != before["ETag"]
    assert api(alice).patch(bobs, labels).json() == changed
    event = AuditEvent.objects.get(action="member.labelled")
    assert event.changes == {"external_id": ["", "hr-7"], "metadata": [{}, {"team": "red"}]}
    cleared = api(alice).patch(bobs, {"external_id": None, "metadata": {}}).json()
    assert (cleared["external_id"], cleared["metadata"], cleared["role"]) == (None, {}, "billing")


@pytest.mark.parametrize(
    "changes",
    [
        *({"status": "deactivated"}, {"status": "active"}, {"expires_at": LATER}),
        *({"external_id": "hr-7"}, {"metadata": {"team": "red"}}),
    ],
)
def test_an_invitee_takes_a_role_only(api, alice, adas, changes):
    assert api(alice).patch(adas, {"role": "billing"}).json()["role"] == "billing"
    assert problem(api(alice).patch(adas, {"role": "member", **changes})) == (409, "member_invited")
    assert api(alice).get(adas).json()["role"] == "billing"
    assert problem(api(alice).delete(adas)) == (409, "member_invited")


def test_removing_ends_access_and_frees_the_seat(api, alice, bob, bobs, seats_of, acme):
    assert api(bob).get("/workspaces/acme/members").status_code == 403
    answer = api(alice).delete(bobs)
    assert (answer.status_code, answer.content) == (204, b"")
    assert problem(api(alice).delete(bobs)) == (404, "not_found")
    assert problem(api(alice).get(bobs)) == (404, "not_found")
    assert seats_of(acme).in_use == 0
    assert api(bob).get("/workspaces/acme/members").status_code in {401, 404}


def test_the_last_admin_is_not_removed(api, alice, alices):
    assert problem(api(alice).delete(alices)) == (409, "last_admin")


def test_billing_changes_nothing_however_little(api, carol, bobs):
    for answer in (
        api(carol).patch(bobs, {"role": "admin"}),
        api(carol).patch(bobs, {}),
        api(carol).delete(bobs),
        api(carol).put(f"{bobs}/seats/{cast.CODE}"),
        api(carol).delete(f"{bobs}/seats/{cast.CHAT}"),
    ):
        assert problem(answer) == (403, "permission_denied")
        assert "Admin" in answer.json()["detail"]


def test_a_foreign_member_looks_nonexistent(api, dana, alice, bobs, globex):
    foreign = bobs.replace("acme", "globex")
    for answer in (
        api(dana).get(foreign),
        api(dana).patch(foreign, {"role": "billing"}),
        api(dana).delete(foreign),
        api(dana).get(f"{foreign}/seats"),
        api(dana).put(f"{foreign}/seats/{cast.CHAT}"),
        api(dana).delete(f"{foreign}/seats/{cast.CHAT}"),
        api(dana).get(bobs),
    ):
        assert problem(answer) == (404, "not_found")


NO_CHANGES = [
    ({"role": "owner"}, "role"),
    ({"role": None}, "role"),
    ({"status": "invited"}, "status"),
    ({"status": "lapsed"}, "status"),
    ({"expires_at": "tomorrow"}, "expires_at"),
    ({"expires_at": "2099-01-01"}, "expires_at"),
    ({"expires_at": "2099-01-01T00:00:00"}, "expires_at"),
    ({"expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
    ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
    ({"expires_at": 4070908800}, "expires_at"),
    ({"expires_at": ""}, "expires_at"),
    ({"external_id": "x" * 256}, "external_id"),
    ({"external_id": "a\0b"}, "external_id"),
    ({"external_id": 7}, "external_id"),
    ({"metadata": None}, "metadata"),
    ({"metadata": {"k": "v" * 501}}, "metadata"),
    ({"metadata": {f"k{n}": "v" for n in range(21)}}, "metadata"),
    ({"metadata": {"k": "\0"}}, "metadata"),
    ({"seats": []}, "seats"),
    ({"email": "b@example.com"}, "email"),
]


def test_what_is_no_change_is_refused_by_name(api, alice, bobs):
    before = api(alice).get(bobs).json()
    for changes, field in NO_CHANGES:
        assert fields(api(alice).patch(bobs, changes)) == [field], changes
    assert api(alice).patch(bobs, {}).json() == before


def test_seats_are_given_and_taken_as_often_as_asked(api, alice, carol, bobs, seats_of, acme):
    for _ in range(2):
        given = api(alice).put(f"{bobs}/seats/{cast.CODE}")
        assert given.status_code == 200
        assert (given.json()["product"], given.json()["name"]) == (cast.CODE, "Mistral Code")
    assert seats_of(acme, cast.CODE).in_use == 1
    page = api(carol).get(f"{bobs}/seats").json()
    assert [seat["product"] for seat in page["data"]] == [cast.CHAT, cast.CODE]
    assert page["data"][1] == given.json()
    assert (page["next_cursor"], page["prev_cursor"]) == (None, None)
    for _ in range(2):
        assert api(alice).delete(f"{bobs}/seats/{cast.CODE}").status_code == 204
    assert seats_of(acme, cast.CODE).in_use == 0


def test_seats_of_an_invitee_are_held(api, alice, adas, seats_of, acme):
    api(alice).put(f"{adas}/seats/{cast.CHAT}")
    assert seats_of(acme, cast.CHAT).held == 1
    assert len(api(alice).get(f"{adas}/seats").json()["data"]) == 2


def test_pages_of_seats_follow_each_other(api, alice, adas):
    api(alice).put(f"{adas}/seats/{cast.CHAT}")
    first = api(alice).get(f"{adas}/seats", limit=1).json()
    second = api(alice).get(f"{adas}/seats", limit=1, cursor=first["next_cursor"]).json()
    assert [seat["product"] for seat in first["data"] + second["data"]] == [cast.CHAT, cast.CODE]


def test_the_last_seat_goes_once(api, alice, as_alice, bobs):
    invite(as_alice, [f"p{n}@example.com" for n in range(3)], products=[cast.CODE])
    refused = api(alice).put(f"{bobs}/seats/{cast.CODE}")
    assert problem(refused) == (409, "seats_exhausted")
    assert (refused.json()["product"], refused.json()["available"]) == (cast.CODE, 0)


def test_a_product_not_sold_here_does_not_exist(api, alice, bobs):
    for answer in (api(alice).put(f"{bobs}/seats/nothing"), api(alice).delete(f"{bobs}/seats/nothing")):
        assert problem(answer) == (404, "not_found")


def test_a_deactivated_member_is_given_none(api, alice, bobs):
    api(alice).patch(bobs, {"status": "deactivated"})
    assert fields(api(alice).put(f"{bobs}/seats/{cast.CODE}")) == ["product"]


def test_a_change_is_in_force_at_the_next_request(api, alice, carol, acme, as_alice):
    carols = f"/workspaces/acme/members/{acme.memberships.get(user=carol).id}"
    assert api(carol).get(carols).status_code == 200
    api(alice).patch(carols, {"role": Role.MEMBER})
    assert api(carol).get(carols).status_code == 403
    api(alice).patch(carols, {"status": Status.DEACTIVATED})
    assert api(carol).get(carols).status_code in {401, 404}
    assert actor_for(alice, "acme").role == Role.ADMIN
