"""The outbox: claimed once, sent once, marked by the holder of the lease only."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db.models.functions import Now

from members import outbox
from members.models import AccountMail
from tests.racing import race, refused

ROWS = AccountMail.objects


def letter(mail):
    return EmailMultiAlternatives("Hello", "Hello", "from@example.com", [mail.email], headers={"X-Row": str(mail.id)})


@pytest.fixture
def mail(db):
    return ROWS.create(kind="notice", email="ada@example.com")


def test_what_is_due_is_sent_once_and_marked(mail, mailoutbox):
    assert outbox.drain(ROWS.all(), letter) == 1
    assert outbox.drain(ROWS.all(), letter) == 0
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.lease, len(mailoutbox)) == ("sent", 1, None, 1)
    assert mail.sent_at is not None


def test_what_is_no_longer_true_is_cancelled(mail, mailoutbox):
    outbox.drain(ROWS.all(), lambda _mail: None)
    mail.refresh_from_db()
    assert (mail.state, mailoutbox) == ("cancelled", [])


def test_a_failure_is_tried_again_later_and_given_up_in_the_end(mail, mailoutbox):
    def broken(_mail):
        raise OSError("the provider is away")

    for attempt in range(1, outbox.MAX_ATTEMPTS + 1):
        outbox.drain(ROWS.all(), broken)
        mail.refresh_from_db()
        assert (mail.attempts, mail.error) == (attempt, "OSError")
        assert outbox.drain(ROWS.all(), letter) == 0, "not before its pause is over"
        ROWS.update(next_attempt_at=Now() - timedelta(seconds=1))
    assert mail.state == "failed"
    assert outbox.drain(ROWS.all(), letter) == 0


def test_a_row_whose_worker_died_is_taken_over_after_its_lease(mail, mailoutbox):
    ROWS.all().claim()
    assert outbox.drain(ROWS.all(), letter) == 0
    ROWS.update(leased_until=Now() - timedelta(seconds=1))
    assert outbox.drain(ROWS.all(), letter) == 1
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == ("sent", 2)


def test_under_the_policy_hold_it_waits_for_support_instead(mail, mailoutbox, settings):
    settings.UNKNOWN_DELIVERY_POLICY = "hold"
    ROWS.all().claim()
    ROWS.update(leased_until=Now() - timedelta(seconds=1))
    assert outbox.drain(ROWS.all(), letter) == 0
    mail.refresh_from_db()
    assert (mail.state, mailoutbox) == ("unknown", [])


def test_whoever_lost_the_lease_writes_nothing(mail, mailoutbox):
    def overtaken(row):
        ROWS.filter(id=row.id).update(leased_until=Now() - timedelta(seconds=1))
        ROWS.all().claim()
        return letter(row)

    outbox.drain(ROWS.all(), overtaken)
    mail.refresh_from_db()
    assert mail.state == "sending"


@pytest.mark.django_db(transaction=True)
def test_many_workers_send_each_row_once(mailoutbox):
    ROWS.bulk_create([AccountMail(kind="notice", email=f"p{n}@example.com") for n in range(120)])
    results = race(*[lambda: outbox.drain(ROWS.all(), letter)] * 8)
    assert refused(results) == []
    assert sum(results) == 120
    assert sorted(one.to[0] for one in mailoutbox) == sorted(f"p{n}@example.com" for n in range(120))
