"""When it is told that seats run out: once per crossing, and to whom. What is said stands in tests/emails."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats.budgets import low_water
from billing_seats.lifecycle.services import change_role, deactivate, give, move, reactivate, take
from billing_seats.models import Notice, Product
from billing_seats.subscription.services import resize
from invitations.inviting import invite
from invitations.models import Invitation
from invitations.services import resend
from members.access import system_actor
from members.errors import SeatsExhausted
from workspace_admin.demo import cast

PAST = Now() - timedelta(seconds=1)


def told(kind: str = "") -> list[str]:
    rows = Notice.objects.filter(kind=kind) if kind else Notice.objects.all()
    return sorted(rows.values_list("recipient", flat=True))


READERS = ["alice@acme.example", "carol@acme.example"]


@pytest.mark.parametrize(
    ("bought", "mark"),
    [(0, 0), (1, 0), (2, 1), (3, 1), (4, 1), (10, 1), (11, 2), (30, 3), (31, 4), (100, 10), (1000, 100)],
)
def test_the_last_tenth_is_low_and_the_last_one_of_few(bought, mark):
    assert low_water(bought) == mark


def test_two_free_of_three_is_no_alarm(buy, use, seats_of, acme):
    buy(3)
    use(1)
    assert told() == []
    assert not seats_of(acme, cast.CODE).is_low


def test_admins_and_billing_are_told_once_when_the_last_seats_are_reached(buy, use):
    buy(10)
    use(8)
    assert told() == []
    use(1, start=8)
    assert told("low") == READERS
    use(1, start=9)
    assert told() == READERS


def test_one_act_that_crosses_the_mark_by_many_tells_once(buy, use):
    buy(10)
    use(10)
    assert told() == READERS


def test_giving_by_hand_crosses_the_mark_too(as_alice, acme, bob, buy):
    buy(2)
    give(as_alice, acme.memberships.get(user=bob).id, cast.CODE)
    assert told("low") == READERS


def test_it_is_told_again_after_there_was_room(as_alice, buy, use):
    buy(3)
    [first, _second] = use(2)
    assert told() == READERS
    take(as_alice, first.id, cast.CODE)
    use(1, start=2)
    assert told() == sorted(READERS * 2)


def test_seats_of_offers_that_ended_make_room_without_a_job(acme, buy, use):
    buy(3)
    use(2)
    acme.memberships.filter(email="p0@example.com").update(expires_at=PAST)
    use(1, start=2)
    assert told("low") == sorted(READERS * 2)


def test_resending_an_expired_offer_can_cross_the_mark(as_alice, acme, buy, use):
    buy(3)
    [first] = use(1)
    acme.memberships.filter(id=first.id).update(expires_at=PAST)
    Invitation.objects.update(sent_at=PAST - timedelta(hours=1))
    use(1, start=1)
    assert told() == []
    resend(as_alice, Invitation.objects.get(membership=first.id).id)
    assert told("low") == READERS


def test_who_comes_back_can_cross_the_mark(as_alice, acme, bob, buy):
    row = acme.memberships.get(user=bob)
    buy(100)
    give(as_alice, row.id, cast.CODE)
    deactivate(as_alice, row.id)
    buy(2)
    reactivate(as_alice, row.id)
    assert told("low") == READERS


def test_moving_a_seat_is_no_crossing(as_alice, acme, bob, buy, use):
    buy(2)
    [first] = use(1)
    Notice.objects.all().delete()
    move(as_alice, cast.CODE, first.id, acme.memberships.get(user=bob).id)
    assert told() == []


def test_buying_fewer_crosses_the_mark_and_buying_more_does_not(buy, use):
    buy(20)
    use(12)
    buy(14)
    assert told("low") == READERS
    buy(13)
    buy(30)
    buy(15)
    assert told("low") == READERS, "three of fifteen are free: more than the last tenth"
    buy(14)
    assert told("low") == sorted(READERS * 2)


def test_fewer_bought_where_few_were_left_already_is_no_crossing(buy, use):
    buy(3)
    use(2)
    assert told() == READERS
    buy(2)
    assert told() == READERS


def test_fewer_bought_with_seats_taken_in_the_same_step_is_no_crossing(acme, buy, use):
    buy(4)
    holders = use(5)
    pool = acme.seat_pools.filter(product__slug=cast.CODE)
    since = pool.get().refused_since
    assert told() == sorted(READERS)
    resize(system_actor(acme), cast.CODE, 1, take_from=[row.id for row in holders[:3]])
    assert told() == sorted(READERS), "none was free before, and none is"
    assert pool.get().refused_since == since


def test_buying_seats_while_more_are_taken_than_bought_tells_nothing(buy, use):
    buy(10)
    use(6)
    buy(0)
    Notice.objects.all().delete()
    buy(7)
    assert told() == []


def test_buying_none_at_all_is_a_decision_and_no_news(buy):
    buy(10)
    buy(0)
    assert told() == []


def test_a_refused_invite_is_told_once_until_there_was_room(as_alice, buy, use):
    buy(1)
    [holder] = use(1)
    Notice.objects.all().delete()
    for n in range(3):
        use(1, start=10 + n)
    assert told("refused") == READERS
    take(as_alice, holder.id, cast.CODE)
    use(1, start=20)
    assert told("refused") == READERS
    use(1, start=21)
    assert told("refused") == sorted(READERS * 2)


def test_more_seats_end_a_refusal(buy, use):
    buy(1)
    use(2)
    assert told("refused") == READERS
    buy(2)
    use(2, start=2)
    assert told("refused") == sorted(READERS * 2)


def test_an_invite_that_is_refused_in_part_is_told_as_refused_alone(buy, use):
    buy(4)
    assert len(use(6)) == 4
    assert (told("refused"), told("low")) == (READERS, [])


def test_an_invite_refused_because_more_are_taken_than_bought_is_told(buy, use):
    buy(5)
    use(3)
    buy(2)
    Notice.objects.all().delete()
    assert use(1, start=5) == []
    assert told("refused") == READERS


def test_a_seat_that_cannot_be_given_is_no_refused_invite(as_alice, acme, bob, buy):
    buy(0)
    with pytest.raises(SeatsExhausted):
        give(as_alice, acme.memberships.get(user=bob).id, cast.CODE)
    assert told() == []


def test_a_product_that_is_sold_no_more_is_no_news(buy, use):
    buy(10)
    use(5)
    Product.objects.filter(slug=cast.CODE).update(retired=True)
    buy(6)
    assert told() == []


def test_only_active_admins_and_billing_are_told_each_in_their_language(as_alice, acme, bob, carol, buy, use):
    carol.language = "fr"
    carol.save()
    change_role(as_alice, acme.memberships.get(user=bob).id, "billing")
    deactivate(as_alice, acme.memberships.get(user=bob).id)
    invite(as_alice, ["henri@example.com"], role="admin")
    buy(2)
    use(1)
    assert dict(Notice.objects.values_list("recipient", "language")) == {READERS[0]: "", READERS[1]: "fr"}
