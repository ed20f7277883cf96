"""Workspaces take turns in the outbox: nobody's backlog delays another's mail."""

import re
import time
from datetime import timedelta

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.db.models.functions import Now

from billing_seats.models import Notice, Product
from members.models import Workspace
from members.outbox import queue, relay
from tests.racing import race, refused

ROWS = Notice.objects
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _first_turn(monkeypatch):
    """Begin with the first workspace."""
    monkeypatch.setattr(queue, "_last_served", {})


@pytest.fixture
def product(db):
    return Product.objects.create(slug="turns", name="Turns")


@pytest.fixture
def write(product):
    """Write so many messages of a workspace, the later ones of later workspaces."""

    def write(slug, count, **values):
        workspace = Workspace.objects.filter(slug=slug).first() or Workspace.objects.create(slug=slug, name=slug)
        first = Now() - timedelta(hours=1)
        ROWS.bulk_create(
            Notice(
                workspace=workspace,
                product=product,
                kind="low",
                recipient=f"{slug}{n}@example.com",
                **{"next_attempt_at": first + timedelta(milliseconds=n), **values},
            )
            for n in range(count)
        )

    return write


def claimed(limit):
    """Claim and answer to whom."""
    ids = ROWS.all().claim(limit)[1]
    recipients = dict(ROWS.filter(id__in=ids).values_list("id", "recipient"))
    return [recipients[pk].partition("@")[0] for pk in ids]


def letter(notice):
    return EmailMultiAlternatives("Hello", "Hello", "from@example.com", [notice.recipient])


def test_a_claim_is_shared_between_workspaces_and_alternates(write):
    write("busy", 20)
    write("quiet", 2)
    write("small", 1)
    assert claimed(6) == ["busy0", "quiet0", "small0", "busy1", "quiet1"]
    assert claimed(6) == ["busy2", "busy3", "busy4", "busy5", "busy6", "busy7"]


def test_with_more_workspaces_than_rows_each_has_its_turn_before_any_has_another(write):
    for slug in "abcde":
        write(slug, 3)
    assert [claimed(2) for _ in range(4)] == [["a0", "b0"], ["c0", "d0"], ["e0"], ["a1", "b1"]]


def test_one_that_comes_later_has_its_turn_though_others_have_waited_for_longer(write):
    for slug in "abc":
        write(slug, 50)
    assert claimed(1) == ["a0"]
    write("late", 1, next_attempt_at=Now())
    assert [claimed(1) for _ in range(3)] == [["b0"], ["c0"], ["late0"]]


def test_what_is_not_due_takes_no_turn(write):
    write("held", 3, state="unknown", error_code=queue.ON_HOLD)
    write("later", 3, next_attempt_at=Now() + timedelta(hours=1))
    write("due", 2)
    assert claimed(2) == ["due0", "due1"]
    assert claimed(2) == []


def test_what_was_tried_before_comes_last_within_a_claim(write):
    write("busy", 2, attempts=3)
    write("quiet", 2)
    assert claimed(4) == ["quiet0", "quiet1", "busy0", "busy1"]


def test_a_slow_provider_makes_claims_small_so_that_anothers_mail_is_soon_among_the_next(
    write, monkeypatch, mailoutbox
):
    monkeypatch.setattr(relay, "SLICE", 0.2)
    write("busy", 30)

    def slow(notice):
        time.sleep(0.1)
        if notice.recipient == "busy1@example.com":
            write("other", 1)
        return letter(notice)

    monkeypatch.setattr(relay, "TURN", 1.2)
    relay.drain(ROWS.all(), slow)
    order = [one.to[0].partition("@")[0] for one in mailoutbox]
    assert order.index("other0") <= 5, order
    assert ROWS.filter(state="sending").count() == 0, "what was claimed and not begun is given back"


def test_a_fast_provider_makes_claims_large(write, mailoutbox, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(relay, "SLICE", 60.0)
    write("busy", 104)
    with django_assert_max_num_queries(2 * 104 + 35):
        assert relay.drain(ROWS.all(), letter) == 104
    assert len(mailoutbox) == 104


@pytest.mark.django_db(transaction=True)
def test_many_workers_claim_each_row_once(write, mailoutbox):
    for slug in ("busy", "quiet", "small"):
        write(slug, 40)
    results = race(*[lambda: relay.drain(ROWS.all(), letter)] * 8)
    assert refused(results) == []
    assert sum(results) == 120
    assert len({one.to[0] for one in mailoutbox}) == len(mailoutbox) == 120


@pytest.mark.parametrize("policy", ["resend", "wait"])
def test_turns_are_found_by_an_index_however_long_the_backlogs(write, settings, policy, monkeypatch):
    settings.UNKNOWN_DELIVERY_POLICY = policy
    write("busy", 2000)
    write("quiet", 5)
    write("busy", 3000, state="sent")
    plans = []
    real = connection.cursor().__class__.execute

    def explained(self, sql, params=None):
        if "LATERAL" not in sql:
            return real(self, sql, params)
        real(self, f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
        plans.extend(plan for [(plan, *_)] in self.fetchall())
        return real(self, sql, params)

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE billing_seats_notice")
        monkeypatch.setattr(cursor.__class__, "execute", explained)
        ROWS.all()._lock_after(queue._BEFORE_ALL, 4)
    assert len(plans) == 2
    for plan in plans:
        assert str(plan).count("notice_turns") >= 1
        assert not re.search(r"'Seq Scan'[^{}]*'billing_seats_notice'", str(plan))
        assert max(map(float, re.findall(r"'(?:Actual Rows|Rows Removed by Filter)': ([\d.]+)", str(plan)))) <= 4
