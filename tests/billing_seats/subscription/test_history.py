"""The rows behind the chart: one a day, brought up to date, carried forward, and let go when they are old."""

from datetime import timedelta

import pytest

from billing_seats.budgets import seat_counts
from billing_seats.models import SeatDay
from billing_seats.subscription.seat_history import KEPT_DAYS, last_days, take_stock, turns
from invitations.inviting import invite
from members.clock import database_now
from tests.billing_seats.drift import set_counter
from tests.performance.test_query_counts import count
from workspace_admin.demo import cast


@pytest.fixture
def today(db):
    return database_now().date()


@pytest.fixture
def chat(acme):
    return acme.seat_pools.get(product__slug=cast.CHAT).product


@pytest.fixture
def row(acme, chat, today):
    """Write the row of so many days ago."""

    def write(ago, purchased=10, in_use=0, held=0):
        day = today - timedelta(days=ago)
        return SeatDay.objects.create(
            workspace=acme, product=chat, day=day, purchased=purchased, in_use=in_use, held=held
        )

    return write


@pytest.fixture
def days(acme, chat, today):
    """The days of le Chat Team as they are shown."""
    return lambda: last_days(acme, seat_counts(acme), today)[chat.id]


def test_stock_is_taken_of_every_pool_of_every_workspace(as_alice, acme, globex, today):
    invite(as_alice, ["ada@example.com"], products=[cast.CHAT])
    assert take_stock() == 4
    stood = acme.seat_days.get(product__slug=cast.CHAT)
    assert (stood.day, stood.purchased, stood.in_use, stood.held) == (today, 10, 1, 1)
    assert globex.seat_days.count() == 2


def test_stock_taken_twice_a_day_is_one_row_brought_up_to_date(as_alice, acme):
    take_stock()
    invite(as_alice, ["ada@example.com"], products=[cast.CHAT])
    take_stock()
    assert [(row.in_use, row.held) for row in acme.seat_days.filter(product__slug=cast.CHAT)] == [(1, 1)]


def test_a_counter_that_drifted_keeps_nobody_else_from_being_written(acme, globex):
    set_counter(acme.seat_pools.get(product__slug=cast.CHAT), 0)
    acme.memberships.filter(email="bob@acme.example").update(expires_at="2026-01-01T00:00:00Z")
    assert take_stock() == 4
    assert acme.seat_days.get(product__slug=cast.CHAT).in_use == 0


def test_taking_stock_costs_the_same_for_many_workspaces(acme, globex):
    take_stock()
    few = count(take_stock)
    globex.seat_pools.all().delete()
    assert count(take_stock) == few


def test_rows_are_kept_for_400_days(row, acme, chat):
    row(KEPT_DAYS + 1)
    row(KEPT_DAYS)
    take_stock()
    assert acme.seat_days.filter(product=chat).count() == 2


def test_before_the_first_row_there_is_nothing(row, days, today):
    row(2, in_use=4)
    assert [(day.day, day.in_use) for day in days()] == [
        (today - timedelta(days=2), 4),
        (today - timedelta(days=1), 4),
        (today, 1),
    ]


def test_a_day_without_a_row_is_as_the_one_before(row, days):
    row(6, in_use=2)
    row(3, in_use=5, held=1)
    assert [(day.in_use, day.held) for day in days()] == [(2, 0)] * 3 + [(5, 1)] * 3 + [(1, 0)]


def test_a_row_from_before_the_90_days_reaches_into_them(row, days, today):
    row(200, in_use=9)
    row(120, in_use=3)
    shown = days()
    assert len(shown) == 90
    assert shown[0].day == today - timedelta(days=89)
    assert {day.in_use for day in shown[:-1]} == {3}


def test_today_is_what_is_so_now_whatever_its_row_says(row, days, as_alice):
    row(0, in_use=7)
    invite(as_alice, ["ada@example.com"], products=[cast.CHAT])
    assert [(day.in_use, day.held) for day in days()] == [(1, 1)]


def test_another_workspaces_rows_are_not_ours(acme, globex, chat, today):
    take_stock()
    yesterday = today - timedelta(days=1)
    SeatDay.objects.filter(workspace=globex).update(day=yesterday, in_use=40)
    assert [day.in_use for day in last_days(acme, seat_counts(acme), today)[chat.id]] == [1]


def test_the_table_lists_the_days_on_which_something_changed(row, days, today):
    for ago, in_use in ((5, 1), (4, 1), (3, 2), (2, 2), (1, 2)):
        row(ago, in_use=in_use)
    listed = [((today - day.day).days, day.in_use) for day in turns(days())]
    assert listed == [(0, 1), (3, 2), (5, 1)]
