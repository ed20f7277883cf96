"""Account mail is kept for 30 days after it was done with."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from members import tasks
from members.account import emails
from members.models import AccountMail
from workspace_admin.celery import app

pytestmark = pytest.mark.django_db


def write(state, days):
    AccountMail.objects.create(
        kind="x", email=f"{state}{days}@example.com", state=state, created_at=Now() - timedelta(days=days)
    )


def left():
    return {mail.email.partition("@")[0] for mail in AccountMail.objects.all()}


def test_what_is_over_goes_after_30_days_and_what_may_still_leave_stays():
    for state in ("sent", "failed", "cancelled", "queued", "sending", "unknown"):
        for days in (29, 31):
            write(state, days)
    tasks.forget_mails()
    kept = {f"{state}29" for state in ("sent", "failed", "cancelled")}
    assert left() == kept | {f"{state}{days}" for state in ("queued", "sending", "unknown") for days in (29, 31)}


def test_many_go_in_batches(monkeypatch):
    monkeypatch.setattr(emails, "AT_ONCE", 2)
    for days in (31, 32, 33):
        write("sent", days)
    assert [emails.delete_old() for _ in range(3)] == [2, 1, 0]


def test_beat_asks_for_it():
    assert "members.tasks.forget_mails" in app.conf.beat_schedule
