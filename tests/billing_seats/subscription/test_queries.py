"""What the Subscription page tells: who holds a seat until when, what over-assigned means, and who changed what."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from billing_seats.budgets import SeatCount, seat_counts
from billing_seats.lifecycle.services import give, take
from billing_seats.models import Product, SeatPool
from billing_seats.subscription.queries import CHANGES, HOLDS, catalogue, entries, over_assigned_words, recent_changes
from billing_seats.subscription.services import change_plan, resize
from invitations.inviting import invite
from invitations.services import revoke
from members import audit
from members.access import staff_actor, system_actor
from members.models import AuditEvent, Membership
from workspace_admin.demo import cast


@pytest.fixture
def entry(acme):
    """The entry of a product, read anew."""

    def read(slug=cast.CHAT):
        return next(one for one in entries(seat_counts(acme), catalogue(acme)) if one.count.product.slug == slug)

    return read


@pytest.fixture
def told(acme):
    """The sentences about what was changed since Acme was opened, newest first."""
    before = len(recent_changes(acme, catalogue(acme)))
    return lambda: [one.text for one in recent_changes(acme, catalogue(acme))[: -before or None]]


@pytest.fixture
def sam(person, acme):
    boss = person("support@example.com", "Sam Support", is_staff=True, is_superuser=True)
    return staff_actor(boss, acme, "ticket 7")


def test_each_hold_names_its_address_and_the_moment_it_lets_go(entry, as_alice, acme):
    invite(as_alice, ["ada@example.com"], products=[cast.CHAT], days=3)
    invite(as_alice, ["zoe@example.com"], products=[cast.CHAT], days=1)
    ends = {row.email: row.expires_at for row in acme.memberships.filter(status="invited")}
    assert [(hold.email, hold.until) for hold in entry().holds] == [
        ("zoe@example.com", ends["zoe@example.com"]),
        ("ada@example.com", ends["ada@example.com"]),
    ]
    assert not entry(cast.CODE).holds


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_what_is_over_holds_nothing(entry, as_alice, end):
    [answer] = invite(as_alice, ["ada@example.com"], products=[cast.CHAT])
    assert [hold.email for hold in entry().holds] == ["ada@example.com"]
    if end == "revoked":
        revoke(as_alice, answer.invitation.id)
    else:
        Membership.objects.filter(email="ada@example.com").update(expires_at=Now() - timedelta(seconds=1))
    assert (entry().holds, entry().more) == ([], 0)


def test_many_holds_are_cut_short_and_the_rest_counted(entry, as_alice, acme):
    SeatPool.objects.filter(workspace=acme).update(purchased=100)
    invite(as_alice, [f"person-{number}@example.com" for number in range(HOLDS + 3)], products=[cast.CHAT])
    assert (len(entry().holds), entry().more) == (HOLDS, 3)


def test_the_catalogue_is_what_is_sold_and_what_was_bought(acme):
    Product.objects.create(slug="studio", name="Studio")
    Product.objects.create(slug="gone", name="Gone", retired=True)
    Product.objects.filter(slug=cast.CODE).update(retired=True)
    assert [product.slug for product in catalogue(acme)] == [cast.CHAT, cast.CODE, "studio"]


@pytest.mark.parametrize(
    ("figures", "more", "number"),
    [
        ((2, 5, 0), "le Chat Team is over its limit by 3 seats.", 3),
        ((2, 3, 0), "le Chat Team is over its limit by 1 seat.", 1),
        ((2, 2, 2), "le Chat Team is over its limit by 2 seats.", 2),
    ],
)
def test_over_assigned_is_said_in_words_and_numbers(figures, more, number):
    rest = f"Free up or buy {number} before assigning more."
    count = SeatCount(Product(slug=cast.CHAT, name="le Chat Team"), *figures)
    assert over_assigned_words(count) == f"{more} {rest}"


def test_nobody_is_told_to_buy_more_of_a_retired_product():
    count = SeatCount(Product(slug=cast.CHAT, name="le Chat Team", retired=True), 2, 5, 0)
    assert over_assigned_words(count).endswith("It’s no longer sold. Everyone who has a seat keeps it.")


def test_what_fits_is_not_over_assigned():
    assert over_assigned_words(SeatCount(Product(slug=cast.CHAT, name="le Chat Team"), 5, 4, 1)) == ""


def test_who_changed_what_is_told_in_words(told, as_alice, sam, acme, bob):
    row = acme.memberships.get(user=bob)
    resize(sam, cast.CHAT, 12)
    change_plan(sam, "enterprise")
    give(as_alice, row.id, cast.CODE)
    take(as_alice, row.id, cast.CODE)
    assert told() == [
        "Alice Martin <alice@acme.example> removed the Mistral Code seat from bob@acme.example",
        "Alice Martin <alice@acme.example> assigned a Mistral Code seat to bob@acme.example",
        "Sam Support <support@example.com> (Support) changed the plan from Team to Enterprise",
        "Sam Support <support@example.com> (Support) changed the le Chat Team seats from 10 to 12",
    ]


def test_the_opening_of_the_demo_is_the_systems(acme):
    assert [one.text for one in recent_changes(acme, catalogue(acme))][:2] == [
        "System added 3 Mistral Code seats",
        "System added 10 le Chat Team seats",
    ]


def test_a_product_that_is_gone_goes_by_its_slug_and_an_erased_person_by_none(acme, as_alice, bob):
    take(as_alice, acme.memberships.get(user=bob).id, cast.CHAT)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL members.erasing = 'on'")
    AuditEvent.objects.filter(action="seat.taken").update(actor_label="", target_label="")
    [newest, *_] = recent_changes(acme, [])
    assert newest.text == "Someone removed the le-chat-team seat from someone"


def test_another_workspaces_changes_are_not_ours(told, globex):
    resize(system_actor(globex), cast.CHAT, 60)
    assert told() == []


def test_the_latest_changes_are_few_however_long_the_log_is(acme, as_alice, bob):
    member = acme.memberships.get(user=bob)
    log = [audit.event(as_alice, acme.id, "invitation.created", member) for _ in range(20_000)]
    log += [audit.event(as_alice, acme.id, "seat.given", member, {"seats": [None, cast.CHAT]}) for _ in range(50)]
    AuditEvent.objects.bulk_create(log)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE members_auditevent")
    assert len(recent_changes(acme, catalogue(acme))) == CHANGES
    latest = AuditEvent.objects.filter(workspace_id=acme.id, action="subscription.changed")
    assert "audit_by_action" in latest.order_by("-occurred_at", "-id")[:CHANGES].explain()
