"""What operators see of the outboxes and do about it: the command, and the figures."""

import json
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.utils import timezone

from invitations.delivery.reminders import remind
from invitations.inviting import invite
from invitations.models import Delivery, DeliveryEvent, EventType, Invitation, Kind
from invitations.tasks import drain
from members import tasks
from members.models import AccountMail
from members.outbox.pause import ProviderPause
from members.outbox.queue import MailCount, count_results
from tests.providers import HttpSink, SmtpSink

TOKEN = "a-token-for-tests-only"


@pytest.fixture
def failed(as_alice) -> Delivery:
    Delivery.objects.all().delete()
    [answer] = invite(as_alice, ["zoe@new.example"])
    Delivery.objects.update(state="failed", error="The mail provider refused the message.", error_code="http 422")
    return Delivery.objects.get(invitation=answer.invitation)


def deliveries(*arguments: str) -> str:
    out = StringIO()
    call_command("deliveries", *arguments, stdout=out)
    return out.getvalue()


def test_nothing_is_stuck_while_mail_leaves(db):
    AccountMail.objects.create(kind="notice", email="ada@example.com")
    assert deliveries() == "Nothing is stuck.\n"


def test_what_is_stuck_is_listed_with_the_reason(failed):
    AccountMail.objects.create(kind="notice", email="ada@example.com", next_attempt_at=Now() - timedelta(hours=1))
    listed = deliveries()
    assert f"{failed.id}  invitations  invitation  z***@new.example  failed" in listed
    assert "The mail provider refused the message. (http 422)" in listed
    assert "No worker has taken it: do worker and beat run?" in listed
    assert "2 stuck." in listed
    assert "zoe@" not in listed


def test_the_oldest_of_all_outboxes_comes_first(failed):
    hours = {age: Now() - timedelta(hours=age) for age in (1, 2, 3)}
    for age in (1, 3):
        AccountMail.objects.create(kind="x", email="a@example.com", state="failed", created_at=hours[age])
    Delivery.objects.update(created_at=hours[2])
    assert [row["outbox"] for row in json.loads(deliveries("--json"))] == ["accounts", "invitations", "accounts"]


@pytest.mark.parametrize("status", ["revoked", "accepted", "declined"])
def test_a_failed_email_of_an_invitation_that_ended_is_nobodys_concern(failed, status):
    assert "1 stuck." in deliveries()
    Invitation.objects.filter(id=failed.invitation_id).update(status=status)
    assert deliveries() == "Nothing is stuck.\n"


def test_the_list_is_there_for_machines_too(failed):
    [row] = json.loads(deliveries("--json"))
    assert (row["id"], row["state"], row["code"]) == (str(failed.id), "failed", "http 422")


def test_a_pause_of_the_provider_is_shown_with_all_that_waits_for_it(as_alice, settings):
    Delivery.objects.all().delete()
    sink = HttpSink()
    settings.MAILERS = sink.mailers()
    sink.answers.append((429, {"Retry-After": "300"}))
    invite(as_alice, [f"p{number}@new.example" for number in range(19)])
    drain()
    AccountMail.objects.create(kind="unknown_account", email="ada@example.com")
    tasks.drain()
    drain()
    sink.close()
    assert len(sink.bodies) == 1, "newer mail waits too, and that of the other outboxes"
    until = ProviderPause.objects.get().until
    listed = deliveries()
    assert f"Nothing is sent until {until:%Y-%m-%d %H:%M:%S}: The mail provider asked to wait. (http 429)\n" in listed
    assert "20 stuck." in listed
    assert listed.count("The mail provider asked to wait. (http 429)") == 21
    assert "do worker and beat run" not in listed
    rows = json.loads(deliveries("--json"))
    assert {row["code"] for row in rows} == {"http 429"}
    assert all(datetime.fromisoformat(row["next_attempt_at"]) >= until for row in rows)
    ProviderPause.objects.update(until=Now())
    assert "1 stuck." in deliveries(), "the one that was tried; the others have waited for less than a minute"


def test_what_is_released_is_sent(failed, mailoutbox):
    assert deliveries("--release", str(failed.id)) == "Queued again: 1\n"
    drain()
    assert [message.to for message in mailoutbox] == [["zoe@new.example"]]
    with pytest.raises(CommandError, match="do not exist"):
        deliveries("--release", str(failed.id))


def test_after_a_restore_nobody_is_mailed_again_unless_somebody_says_so(as_alice, mailoutbox):
    invite(as_alice, ["zoe@new.example"])
    AccountMail.objects.create(kind="unknown_account", email="ada@example.com")
    deliveries("--hold-before", timezone.now().isoformat())
    invite(as_alice, ["ines@new.example"])
    drain()
    tasks.drain()
    assert [message.to for message in mailoutbox] == [["ines@new.example"]]
    assert "Held back after a backup was restored" in deliveries()
    deliveries("--release", str(Delivery.objects.get(recipient="zoe@new.example").id))
    drain()
    assert mailoutbox[-1].to == ["zoe@new.example"]


def test_reminders_that_a_restore_makes_due_again_are_held_too(as_alice, mailoutbox):
    [answer] = invite(as_alice, ["zoe@new.example"])
    Delivery.objects.update(state="sent")
    soon = Now() + timedelta(hours=40)
    Invitation.objects.filter(id=answer.invitation.id).update(expires_at=soon, sent_at=Now() - timedelta(days=5))
    deliveries("--hold-before", "now")
    remind()
    drain()
    assert Delivery.objects.get(kind=Kind.REMINDER).error_code == "held"
    assert mailoutbox == []


def test_a_time_that_is_none_is_refused(db):
    with pytest.raises(CommandError, match="is no time"):
        deliveries("--hold-before", "yesterday")


@pytest.fixture
def figures(client, settings):
    settings.METRICS_TOKEN = TOKEN

    def read() -> dict[str, float]:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    return read


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}"])
def test_figures_are_for_those_who_know_the_token(client, settings, db, authorization):
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"Authorization": authorization})
    assert (answer.status_code, answer.content) == (401, b"")


@pytest.mark.parametrize("host", ["testserver", "10.0.0.7:8000"])
def test_without_a_token_there_are_no_figures(client, settings, db, host):
    settings.METRICS_TOKEN = ""
    answer = client.get("/metrics", headers={"Authorization": "Bearer ", "host": host})
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize("host", ["10.0.0.7:8000", "evil.example", "[::2]:8000", ""])
def test_figures_are_told_under_any_host(client, settings, db, host):
    settings.METRICS_TOKEN, settings.SECURE_SSL_REDIRECT = TOKEN, True
    statuses = [
        client.get("/metrics", headers={"host": host, "Authorization": f"Bearer {token}"}).status_code
        for token in (TOKEN, "wrong")
    ]
    assert statuses == [200, 401]


def test_figures_tell_what_waits_and_what_was_done(figures, as_alice, settings):
    Delivery.objects.all().delete()
    MailCount.objects.all().delete()
    sink = SmtpSink()
    settings.MAILERS = sink.mailers()
    invite(as_alice, ["zoe@new.example", "ines@new.example"])
    Delivery.objects.update(created_at=Now() - timedelta(seconds=90))
    assert 89 < figures()['outbox_oldest_unsent_seconds{outbox="invitations"}'] < 100
    sink.rcpt.append("450 later")
    drain()
    sink.close()
    count_results("delivery", {"avoided": 2})
    told = figures()
    assert told['outbox_emails{outbox="invitations",state="queued"}'] == 1
    assert told['outbox_sent_total{outbox="invitations"}'] == 1
    assert told['outbox_retried_total{outbox="invitations"}'] == 1
    assert told['outbox_avoided_total{outbox="invitations"}'] == 2
    assert told['outbox_oldest_unsent_seconds{outbox="accounts"}'] == 0


def test_figures_tell_how_late_providers_are(figures, failed):
    assert "webhook_lag_seconds" not in figures()
    DeliveryEvent.objects.create(
        workspace=failed.workspace, delivery=failed, type=EventType.DELIVERED, at=timezone.now() - timedelta(seconds=40)
    )
    assert 39 < figures()["webhook_lag_seconds"] < 60
