"""Buying fewer seats, or a smaller plan: seen first, confirmed after, and nobody loses a seat but who was named."""

import pytest

from billing_seats.lifecycle.services import give, take
from billing_seats.models import Product
from billing_seats.subscription.services import resize
from invitations.inviting import invite
from members.access import system_actor
from members.models import AuditEvent
from workspace_admin.demo import cast

PAGE = "/w/acme/subscription/"
SEATS = f"{PAGE}seats/{cast.CHAT}/"
PLAN = f"{PAGE}plan/"


@pytest.fixture(autouse=True)
def _self_service(settings):
    settings.SELF_SERVICE_SEATS = True


@pytest.fixture
def pool(acme):
    return acme.seat_pools.get(product__slug=cast.CHAT)


@pytest.fixture
def row(acme):
    """The member with this address."""
    return lambda email: acme.memberships.get(email=email)


@pytest.fixture
def three(as_alice, acme, row, bob):
    """Three seats in use: Carol was away longest, then Bob; Alice is here."""
    for email in ("alice@acme.example", "carol@acme.example"):
        give(as_alice, row(email).id, cast.CHAT)
    moments = {"bob@acme.example": "2026-02-01T00:00:00Z", "carol@acme.example": "2026-01-01T00:00:00Z"}
    acme.memberships.update(created_at="2025-01-01T00:00:00Z")
    for email, at in moments.items():
        acme.memberships.filter(email=email).update(last_active_at=at)
    return acme


def bought(pool):
    pool.refresh_from_db()
    return pool.purchased


def confirm(client, response, **more):
    """Confirm the preview in this response."""
    preview = response.context["preview"]
    values = {"purchased": preview.after.purchased, "shown_purchased": preview.shown.purchased}
    return client.post(SEATS, {**values, "shown_over": preview.shown.over_assigned, **more})


@pytest.mark.parametrize("who", ["alice", "carol"])
def test_a_number_is_previewed_before_anything_changes(request, client_for, three, pool, who):
    response = client_for(request.getfixturevalue(who)).get(SEATS, {"purchased": "1"})
    figures = {name: (now, after) for name, now, after in response.context["preview"].figures}
    assert figures == {
        "Bought": (10, 1),
        "In use": (3, 3),
        "Held by invitations": (0, 0),
        "Available": (7, 0),
        "Over limit": (0, 2),
    }
    assert b"2 seats over the new limit" in response.content
    assert bought(pool) == 10


def test_confirming_without_a_name_takes_nobodys_seat(client_for, alice, three, pool, seats_of):
    client = client_for(alice)
    assert confirm(client, client.get(SEATS, {"purchased": 1})).status_code == 302
    assert (bought(pool), seats_of(three).in_use, seats_of(three).over_assigned) == (1, 3, 2)


def test_holders_are_offered_idle_first_with_when_they_were_active_and_none_ticked(client_for, alice, three, as_alice):
    invite(as_alice, ["ada@example.com"], products=[cast.CHAT])
    response = client_for(alice).get(SEATS, {"purchased": 1})
    holders = [(one.label, one.last_active.split("ago")[0][:11]) for one in response.context["preview"].holders]
    assert holders == [
        ("Carol Novak", "Last active"),
        ("Bob Keller", "Last active"),
        ("Alice Martin", "Active just"),
        ("ada@example.com", "Invitation "),
    ]
    assert b" checked" not in response.content


def test_the_seats_of_those_ticked_are_taken_in_the_same_step(client_for, alice, three, pool, row, seats_of):
    client = client_for(alice)
    ticked = [row(email).id for email in ("bob@acme.example", "carol@acme.example")]
    confirm(client, client.get(SEATS, {"purchased": 1}), take_from=ticked)
    assert (bought(pool), seats_of(three).in_use, seats_of(three).over_assigned) == (1, 1, 0)
    assert row("alice@acme.example").seats.count() == 1
    taken = AuditEvent.objects.filter(action="seat.taken", actor_id=alice.id)
    assert {event.target_label for event in taken} == {"bob@acme.example", "carol@acme.example"}


def test_billing_sees_the_holders_and_an_admin_takes(client_for, carol, three, pool, row):
    client = client_for(carol)
    response = client.get(SEATS, {"purchased": 1})
    assert b"Only Admins can remove seats" in response.content
    assert b'name="take_from"' not in response.content
    refused = confirm(client, response, take_from=[row("bob@acme.example").id])
    assert refused.status_code == 403
    assert (bought(pool), row("bob@acme.example").seats.count()) == (10, 1)
    assert confirm(client, response).status_code == 302
    assert (bought(pool), row("bob@acme.example").seats.count()) == (1, 1)


def _one_more(as_alice, row):
    invite(as_alice, ["late@example.com"], products=[cast.CHAT])


def _another_number(as_alice, row):
    resize(as_alice, cast.CHAT, 20)


@pytest.mark.parametrize("meanwhile", [_one_more, _another_number])
def test_a_preview_that_is_no_longer_true_is_shown_anew(client_for, alice, three, pool, as_alice, row, meanwhile):
    client = client_for(alice)
    response = client.get(SEATS, {"purchased": 1})
    meanwhile(as_alice, row)
    before, bobs = bought(pool), row("bob@acme.example").id
    again = confirm(client, response, take_from=[bobs])
    assert again.status_code == 412
    assert b"This has changed since you opened it." in again.content
    assert again.context["ticked"] == [bobs]
    assert (bought(pool), row("bob@acme.example").seats.count()) == (before, 1)
    assert confirm(client, again, take_from=[bobs]).status_code == 302
    assert (bought(pool), row("bob@acme.example").seats.count()) == (1, 0)


def test_fewer_in_use_than_was_shown_is_no_reason_to_ask_again(client_for, alice, three, pool, as_alice, row):
    client = client_for(alice)
    response = client.get(SEATS, {"purchased": 1})
    take(as_alice, row("bob@acme.example").id, cast.CHAT)
    assert confirm(client, response, take_from=[row("bob@acme.example").id]).status_code == 302
    assert bought(pool) == 1


def test_somebody_ticked_who_is_gone_is_shown_by_a_new_preview(client_for, alice, three, pool, row):
    client = client_for(alice)
    response = client.get(SEATS, {"purchased": 1})
    bobs = row("bob@acme.example").id
    three.memberships.filter(id=bobs).delete()
    again = confirm(client, response, take_from=[bobs])
    assert again.status_code == 412
    assert bobs not in [holder.id for holder in again.context["preview"].holders]
    assert bought(pool) == 10


@pytest.mark.parametrize("missing", ["shown_over", "shown_purchased"])
def test_a_number_that_was_never_previewed_is_previewed_first(client_for, alice, three, pool, missing):
    values = {"purchased": 1, "shown_over": 2, "shown_purchased": 10}
    response = client_for(alice).post(SEATS, {name: value for name, value in values.items() if name != missing})
    assert response.context["preview"].after.over_assigned == 2
    assert bought(pool) == 10


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("", "Enter the number of seats."),
        ("-1", "Enter a whole number from 0 to 1,000,000."),
        ("2.5", "Enter a whole number, such as 12."),
        ("1000001", "Enter a whole number from 0 to 1,000,000."),
        ("9" * 5000, "Enter a whole number, such as 12."),
        ("ten", "Enter a whole number, such as 12."),
        ("10", "You already have that many seats. Enter another number."),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_cannot_be_bought_is_said_at_the_field(client_for, alice, acme, pool, method, number, words):
    response = getattr(client_for(alice), method)(SEATS, {"purchased": number})
    assert response.status_code == 400
    assert response.context["form"].errors["purchased"] == [words]
    assert 'aria-invalid="true"' in response.content.decode()
    assert bought(pool) == 10


def test_ids_that_are_none_are_refused(client_for, alice, three, pool):
    client = client_for(alice)
    response = confirm(client, client.get(SEATS, {"purchased": 1}), take_from=["nonsense"])
    assert response.context["preview"]
    assert bought(pool) == 10


def test_more_seats_and_first_seats_are_bought_the_same_way(client_for, alice, acme):
    Product.objects.create(slug="studio", name="Studio")
    client, path = client_for(alice), f"{PAGE}seats/studio/"
    response = client.get(path, {"purchased": 4})
    assert b"Nobody loses a seat" in response.content
    client.post(path, {"purchased": 4, "shown_purchased": 0, "shown_over": 0})
    assert acme.seat_pools.get(product__slug="studio").purchased == 4


@pytest.mark.parametrize("slug", ["nothing", "gone"])
def test_a_product_that_cannot_be_bought_is_not_found(client_for, alice, acme, slug):
    Product.objects.create(slug="gone", name="Gone", retired=True)
    assert client_for(alice).get(f"{PAGE}seats/{slug}/").status_code == 404


def test_of_a_retired_product_fewer_can_be_bought_and_not_more(client_for, alice, acme, pool):
    Product.objects.filter(slug=cast.CHAT).update(retired=True)
    client = client_for(alice)
    assert b"you can only reduce its seats" in client.get(SEATS, {"purchased": 11}).content
    assert client.get(SEATS, {"purchased": 9}).status_code == 200


@pytest.mark.parametrize("path", [SEATS, PLAN])
@pytest.mark.parametrize("method", ["get", "post"])
def test_where_self_service_is_off_support_changes_them(client_for, alice, acme, settings, pool, path, method):
    settings.SELF_SERVICE_SEATS = False
    response = getattr(client_for(alice), method)(path, {"purchased": 1, "plan": "free"})
    assert response.status_code == 403
    assert b"managed by support" in response.content
    assert bought(pool) == 10


def test_with_htmx_steps_come_into_the_dialog_and_the_page_after(client_for, alice, acme):
    client = client_for(alice, headers={"HX-Request": "true"})
    asked = client.get(SEATS)
    assert b"<html" not in asked.content
    assert b'hx-target="#dialog"' in asked.content
    done = confirm(client, client.get(SEATS, {"purchased": 7}))
    assert done["HX-Retarget"] == "#subscription"
    assert b"le Chat Team now has 7 seats." in done.content
    assert b'<div id="dialog" hx-swap-oob="innerHTML"></div>' in done.content


def test_a_smaller_plan_says_first_what_is_lost_with_numbers(client_for, alice, acme, as_alice):
    invite(as_alice, ["ada@example.com", "zoe@example.com"])
    client = client_for(alice)
    response = client.get(PLAN, {"plan": "free"})
    losses = response.context["preview"].losses
    assert losses[0].startswith("2 pending invitations are kept, but can’t be accepted or resent")
    assert losses[1].startswith("1 person can no longer open the products")
    assert "The REST API stops working immediately." in losses
    acme.subscription.refresh_from_db()
    assert acme.subscription.plan == "team"
    client.post(PLAN, {"plan": "free"})
    acme.subscription.refresh_from_db()
    assert acme.subscription.plan == "free"
    assert acme.memberships.filter(status="invited").count() == 2


def test_a_larger_plan_says_what_is_gained(client_for, carol, acme):
    preview = client_for(carol).get(PLAN, {"plan": "enterprise"}).context["preview"]
    assert (list(preview.losses), list(preview.gains)) == ([], ["Audit log export"])


def test_from_enterprise_to_team_the_features_that_go_are_named(client_for, dana, globex):
    preview = client_for(dana).get("/w/globex/subscription/plan/", {"plan": "team"}).context["preview"]
    assert list(preview.losses) == ["Audit log export is no longer included."]


@pytest.mark.parametrize(
    ("plan", "words"), [("", "Choose a plan."), ("team", "already on this plan"), ("gold", "Select a valid")]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_plan_or_the_same_is_said_at_the_field(client_for, alice, acme, method, plan, words):
    response = getattr(client_for(alice), method)(PLAN, {"plan": plan})
    assert response.status_code == 400
    assert words in response.context["form"].errors["plan"][0]


def test_the_number_bought_is_not_changed_by_looking(client_for, alice, acme, pool):
    before = AuditEvent.objects.count()
    client_for(alice).get(SEATS, {"purchased": 3})
    client_for(alice).get(PLAN, {"plan": "free"})
    assert AuditEvent.objects.count() == before


def test_a_change_to_what_is_so_already_writes_nothing(acme, pool):
    before = AuditEvent.objects.count()
    resize(system_actor(acme), cast.CHAT, 10)
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("many", [2, 12])
def test_taking_from_many_costs_as_few_statements_as_from_two(as_alice, acme, person, django_assert_num_queries, many):
    for number in range(many):
        cast.join(as_alice, person(f"p{number}@acme.example"), "member", (cast.CODE,) if number < 3 else ())
    members = acme.memberships.filter(email__startswith="p").values_list("id", flat=True)
    with django_assert_num_queries(16):
        resize(system_actor(acme), cast.CODE, 0, take_from=list(members))
    assert acme.seat_pools.get(product__slug=cast.CODE).assigned == 0
    assert AuditEvent.objects.filter(action="seat.taken").count() == min(many, 3)
