"""Sessions whose end has passed are deleted, a few at a time; no other is touched."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from members import session_store, tasks
from members.models import Session
from workspace_admin.celery import app

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def store(count, since):
    rows = [Session(session_key=f"{n:032d}", expire_date=Now() - since) for n in range(count)]
    Session.objects.bulk_create(rows)


def test_what_is_over_goes_and_what_is_in_force_stays(client_for, bob):
    browser = client_for(bob)
    store(3, HOUR)
    tasks.forget_sessions()
    assert [row.pk for row in Session.objects.all()] == [browser.session.session_key]
    assert browser.get("/profile/").status_code == 200


@pytest.mark.parametrize(("batches", "left"), [(100, 0), (2, 3)])
def test_many_go_in_batches_and_the_next_call_takes_what_is_left(batches, left, monkeypatch):
    monkeypatch.setattr(session_store, "AT_ONCE", 2)
    monkeypatch.setattr(session_store, "MOST_BATCHES", batches)
    store(7, HOUR)
    with CaptureQueriesContext(
        connection,
    ) as told:
        tasks.forget_sessions()
    assert Session.objects.count() == left
    assert len(told) == min(batches, 4)
    assert all("LIMIT 2" in query["sql"] for query in told)
    tasks.forget_sessions()
    tasks.forget_sessions()
    assert not Session.objects.exists()


def test_the_oldest_are_found_by_an_index():
    store(8_000, -HOUR)
    Session.objects.filter(session_key__lt=f"{50:032d}").update(expire_date=Now() - HOUR)
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as told:
        cursor.execute("ANALYZE members_session")
        tasks.forget_sessions()
        delete = told[-1]["sql"]
        cursor.execute(f"EXPLAIN {delete}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan" not in plan, plan


def test_it_is_done_every_hour():
    assert app.conf.beat_schedule["members.tasks.forget_sessions"]["schedule"].minute == {55}
