"""What was bought, over the REST API: who reads it, who changes it, and what a downgrade says."""

import pytest

from billing_seats.lifecycle.services import give
from billing_seats.models import Product
from invitations.inviting import invite
from members.ids import new_id
from members.models import AuditEvent
from tests.api_clients import fields, problem
from workspace_admin.demo import cast

pytestmark = pytest.mark.usefixtures("every_workspace")

ACME = "/workspaces/acme"
PATH = f"{ACME}/seats/{cast.CHAT}"


@pytest.fixture
def self_service(settings):
    settings.SELF_SERVICE_SEATS = True


def test_the_subscription_has_plan_standing_and_renewal(api, alice, carol, acme):
    answer = {"plan": "team", "status": "active", "renewal": str(acme.subscription.renews_on)}
    assert api(alice).get(f"{ACME}/subscription").json() == answer
    assert api(carol).get(f"{ACME}/subscription").json() == answer


@pytest.mark.parametrize("path", ["subscription", "seats"])
def test_a_member_sees_neither_subscription_nor_seats(api, bob, path):
    assert problem(api(bob).get(f"{ACME}/{path}")) == (403, "permission_denied")


def test_seats_are_counted_by_product(api, carol, as_alice):
    invite(as_alice, ["ada@example.com"], products=[cast.CHAT])
    chat, code = api(carol).get(f"{ACME}/seats").json()["data"]
    assert chat == {
        "product": cast.CHAT,
        "name": "le Chat Team",
        "purchased": 10,
        "in_use": 1,
        "held": 1,
        "available": 8,
        "over_assigned": 0,
    }
    assert (code["product"], code["available"]) == (cast.CODE, 3)


def test_the_seats_of_one_product_are_shown_with_the_tag_that_a_change_asks_for(api, carol, bob, settings):
    settings.SELF_SERVICE_SEATS = True
    caller = api(carol)
    shown = caller.get(PATH)
    assert shown.json() == caller.get(f"{ACME}/seats").json()["data"][0]
    changed = caller.send("PATCH", PATH, {"purchased": 12}, **{"If-Match": shown["ETag"]})
    assert (changed.status_code, changed["ETag"]) == (200, caller.get(PATH)["ETag"])
    late = caller.send("PATCH", PATH, {"purchased": 13}, **{"If-Match": shown["ETag"]})
    assert problem(late) == (412, "precondition_failed")
    assert problem(api(bob).get(PATH)) == (403, "permission_denied")
    assert problem(caller.get(f"{ACME}/seats/nothing")) == (404, "not_found")


def test_seats_are_paged_as_every_list(api, alice):
    page = api(alice).get(f"{ACME}/seats", limit=1).json()
    assert [row["product"] for row in page["data"]] == [cast.CHAT]
    rest = api(alice).get(f"{ACME}/seats", limit=1, cursor=page["next_cursor"]).json()
    assert [row["product"] for row in rest["data"]] == [cast.CODE]
    assert rest["next_cursor"] is None


@pytest.mark.usefixtures("self_service")
def test_billing_buys_more(api, carol):
    answer = api(carol).patch(PATH, {"purchased": 12})
    assert answer.status_code == 200
    assert (answer.json()["purchased"], answer.json()["available"]) == (12, 11)
    assert AuditEvent.objects.get(actor_id=carol.id, action="subscription.changed").changes == {cast.CHAT: [10, 12]}


@pytest.mark.usefixtures("self_service")
def test_fewer_than_are_in_use_is_over_assigned_and_nobody_loses_a_seat(api, alice, bob, acme):
    assert api(alice).patch(PATH, {"purchased": 0}).json()["over_assigned"] == 1
    assert acme.memberships.get(user=bob).seats.count() == 1
    row = acme.memberships.get(user=alice)
    refused = api(alice).put(f"{ACME}/members/{row.id}/seats/{cast.CHAT}")
    assert problem(refused) == (409, "over_assigned")


@pytest.fixture
def two_holders(as_alice, acme, bob):
    """Bob and Carol have a seat; Carol was away longer. An invitation holds a third."""
    give(as_alice, acme.memberships.get(email="carol@acme.example").id, cast.CHAT)
    acme.memberships.filter(email="carol@acme.example").update(last_active_at="2026-01-01T00:00:00Z")
    acme.memberships.filter(user=bob).update(last_active_at="2026-02-01T00:00:00Z")
    invite(as_alice, ["ada@example.com"], products=[cast.CHAT])
    return acme


@pytest.mark.usefixtures("self_service")
@pytest.mark.parametrize(
    ("who", "idle_first"), [("alice", ["carol", "bob", "ada"]), ("carol", ["bob", "ada", "carol"])]
)
def test_fewer_than_are_taken_are_previewed_with_whom_to_take_from(api, request, two_holders, who, idle_first):
    answer = api(request.getfixturevalue(who)).patch(PATH, {"purchased": 1, "dry_run": True}).json()
    assert (answer["purchased"], answer["in_use"], answer["held"], answer["over_assigned"]) == (1, 2, 1, 2)
    assert [one["email"].partition("@")[0] for one in answer["holders"]] == idle_first
    assert {one["email"] for one in answer["holders"] if one["status"] == "invited"} == {"ada@example.com"}
    assert two_holders.seat_pools.get(product__slug=cast.CHAT).purchased == 10
    assert not AuditEvent.objects.filter(action="subscription.changed", changes__has_key=cast.CHAT, actor_type="user")


@pytest.mark.usefixtures("self_service")
def test_a_preview_of_what_fits_names_nobody(api, alice, two_holders):
    assert api(alice).patch(PATH, {"purchased": 3, "dry_run": True}).json()["holders"] == []
    assert "holders" not in api(alice).patch(PATH, {"purchased": 3}).json()


@pytest.mark.usefixtures("self_service")
def test_seats_are_taken_in_the_same_step_by_those_who_may(api, alice, carol, two_holders):
    members = [str(row.id) for row in two_holders.memberships.filter(email__in=["bob@acme.example", "ada@example.com"])]
    asked = {"purchased": 1, "take_from": members}
    assert problem(api(carol).patch(PATH, asked)) == (403, "permission_denied")
    assert problem(api(alice).patch(PATH, {**asked, "take_from": [str(new_id())]})) == (404, "not_found")
    rehearsed = api(alice).patch(PATH, {**asked, "dry_run": True}).json()
    assert (rehearsed["in_use"], rehearsed["held"], rehearsed["over_assigned"]) == (1, 0, 0)
    assert two_holders.seats.count() == 3
    done = api(alice).patch(PATH, asked).json()
    assert (done["purchased"], done["in_use"], done["held"], done["over_assigned"]) == (1, 1, 0, 0)
    assert two_holders.seats.count() == 1


@pytest.mark.usefixtures("self_service")
def test_a_preview_refuses_what_the_change_would(api, alice, acme):
    Product.objects.filter(slug=cast.CHAT).update(retired=True)
    assert problem(api(alice).patch(PATH, {"purchased": 11, "dry_run": True})) == (400, "invalid_request")


@pytest.mark.usefixtures("self_service")
def test_a_first_seat_of_a_product_is_bought(api, dana, globex):
    globex.seat_pools.filter(product__slug=cast.CODE).delete()
    assert api(dana).patch(f"/workspaces/globex/seats/{cast.CODE}", {"purchased": 4}).json()["purchased"] == 4


@pytest.mark.usefixtures("self_service")
@pytest.mark.parametrize("value", [-1, 1.5, 1_000_001, "many", None, [], True])
def test_what_is_no_number_of_seats_is_refused_by_name(api, alice, acme, value):
    assert fields(api(alice).patch(PATH, {"purchased": value})) == ["purchased"]
    assert acme.seat_pools.get(product__slug=cast.CHAT).purchased == 10


@pytest.mark.usefixtures("self_service")
def test_an_unknown_product_is_not_found(api, alice):
    assert problem(api(alice).patch(f"{ACME}/seats/nothing", {"purchased": 1})) == (404, "not_found")


def test_without_self_service_nobody_changes_what_is_bought(api, alice, carol, acme):
    for caller in (alice, carol):
        refused = api(caller).patch(PATH, {"purchased": 12})
        assert problem(refused) == (403, "permission_denied")
        assert "support" in refused.json()["detail"]
    assert acme.seat_pools.get(product__slug=cast.CHAT).purchased == 10


@pytest.mark.usefixtures("self_service")
def test_if_match_of_a_change_before_is_heeded(api, alice):
    first = api(alice).patch(PATH, {"purchased": 12})
    again = api(alice).send("PATCH", PATH, {"purchased": 14}, **{"If-Match": first["ETag"]})
    assert again.status_code == 200
    stale = api(alice).send("PATCH", PATH, {"purchased": 16}, **{"If-Match": first["ETag"]})
    assert problem(stale) == (412, "precondition_failed")


@pytest.mark.usefixtures("self_service")
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "subscription"), ("GET", "seats"), ("PATCH", f"seats/{cast.CHAT}")]
)
def test_a_plan_without_the_api_says_so(api, erin, method, path):
    refused = api(erin).send(method, f"/workspaces/solo/{path}", {"purchased": 1} if method == "PATCH" else None)
    assert problem(refused) == (403, "plan_required")
