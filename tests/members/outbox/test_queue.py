"""The outbox: claimed once, sent once, marked by the holder of the lease only."""

from datetime import timedelta

import pytest
from celery import Celery
from django.core import mail as django_mail
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.db.models.functions import Now
from structlog.testing import capture_logs

from members.models import AccountMail
from members.outbox import queue, relay
from members.outbox.queue import MailCount
from tests.racing import race, refused
from workspace_admin.celery import app
from workspace_admin.devserver.valkey import free_port

ROWS = AccountMail.objects


def letter(mail):
    return EmailMultiAlternatives("Hello", "Hello", "from@example.com", [mail.email], headers={"X-Row": str(mail.id)})


def drain(render=letter):
    return relay.drain(ROWS.all(), render)


def pass_time():
    """Let every pause and every lease be over."""
    ROWS.update(next_attempt_at=Now() - timedelta(seconds=1))


@pytest.fixture
def mail(db):
    return ROWS.create(kind="notice", email="ada@example.com")


@pytest.fixture
def state(mail):
    def read(*names):
        mail.refresh_from_db()
        return tuple(getattr(mail, name) for name in ("state", *names))

    return read


@pytest.fixture
def abandoned(mail):
    """The mail as a worker leaves it that dies while it sends."""
    name, ids = ROWS.all().claim()
    assert ROWS.begin(name, *ids) == mail
    return name


@pytest.fixture
def provider(monkeypatch):
    """Let the provider answer each sending by raising what is put in; None lets it through."""
    answers = []
    backend = django_mail.mailers["default"].__class__
    real = backend.send_messages

    def send_messages(self, messages):
        if answers and (answer := answers.pop(0)) is not None:
            raise answer
        return real(self, messages)

    monkeypatch.setattr(backend, "send_messages", send_messages)
    return answers


def test_what_is_due_is_sent_once_and_marked(mail, state, mailoutbox):
    assert drain() == 1
    assert drain() == 0
    assert state("attempts", "lease", "leased_until") == ("sent", 1, None, None)
    assert (len(mailoutbox), mail.sent_at is not None) == (1, True)


def test_what_is_no_longer_true_is_cancelled(state, mailoutbox):
    drain(lambda _mail: None)
    assert (state(), mailoutbox) == (("cancelled",), [])


def test_the_row_is_read_again_before_it_is_sent(mail, mailoutbox):
    later = ROWS.create(kind="notice", email="bob@acme.example")

    def render(row):
        ROWS.filter(id=later.id).update(email="carol@acme.example")
        return letter(row)

    drain(render)
    assert [one.to for one in mailoutbox] == [["ada@example.com"], ["carol@acme.example"]]


def test_nothing_is_sent_inside_a_transaction(mail):
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        drain()


def test_a_fault_of_the_provider_is_waited_out_and_given_up_in_the_end(state, provider):
    for attempt in range(1, relay.MAX_ATTEMPTS + 1):
        provider.append(OSError("away"))
        assert drain() == 1
        assert state("attempts", "error") == (
            "failed" if attempt == relay.MAX_ATTEMPTS else "queued",
            attempt,
            "The mail provider could not be reached.",
        )
        pass_time()
    assert drain() == 0


def test_pauses_grow_to_an_hour_and_are_spread(mail, state, provider, monkeypatch):
    pauses = []
    monkeypatch.setattr(relay, "uniform", lambda least, most: pauses.append((least, most)) or most)
    for _ in range(12):
        provider.append(OSError("away"))
        drain()
        pass_time()
    assert pauses[:3] == [(0, 10), (0, 20), (0, 40)]
    assert pauses[-1] == (0, 3600)


def test_a_row_that_cannot_be_rendered_holds_up_nobody(mail, mailoutbox):
    others = [ROWS.create(kind="notice", email=f"p{n}@example.com") for n in range(3)]

    def render(row):
        if row.id == mail.id:
            raise KeyError("a mistake in a template")
        return letter(row)

    assert drain(render) == 4
    assert len(mailoutbox) == len(others)
    mail.refresh_from_db()
    assert (mail.state, mail.error_code) == ("queued", "KeyError")
    assert "could not be made" in mail.error


def test_with_the_provider_away_the_others_lose_no_attempt(mail, provider, mailoutbox):
    ROWS.create(kind="notice", email="bob@acme.example")
    provider.append(OSError("away"))
    assert drain() == 1, "the turn ends with the first that meets a provider that is away"
    assert sorted(ROWS.values_list("attempts", flat=True)) == [0, 1]
    assert drain() == 1
    assert len(mailoutbox) == 1


def test_a_row_whose_worker_died_is_taken_over_after_its_lease(abandoned, state, mailoutbox):
    assert drain() == 0
    pass_time()
    assert drain() == 1
    assert state("attempts") == ("sent", 2)


def test_a_row_that_kills_its_workers_comes_last_and_is_given_up(mail, state, mailoutbox):
    for _ in range(queue.MAX_UNKNOWN):
        name, ids = ROWS.all().claim()
        ROWS.begin(name, *ids)
        pass_time()
    ROWS.create(kind="notice", email="bob@acme.example")
    assert ROWS.all().claim()[1] != [mail.id]
    pass_time()
    drain()
    assert state("error_code") == ("unknown", "died")
    assert [one.to for one in mailoutbox] == [["bob@acme.example"]]


def test_under_the_policy_wait_it_waits_for_support_instead(abandoned, state, mailoutbox, settings):
    settings.UNKNOWN_DELIVERY_POLICY = "wait"
    pass_time()
    assert drain() == 0
    assert (state("trouble")[0], mailoutbox) == ("unknown", [])
    assert ROWS.all().release() == 1
    assert drain() == 1
    assert state("error") == ("sent", "")


def test_what_was_claimed_but_not_begun_is_sent_under_any_policy(mail, state, mailoutbox, settings):
    settings.UNKNOWN_DELIVERY_POLICY = "wait"
    ROWS.all().claim()
    assert drain() == 0
    pass_time()
    assert drain() == 1
    assert state("attempts") == ("sent", 1)


def test_a_provider_that_knows_repetitions_is_asked_again_under_any_policy(abandoned, state, settings):
    settings.UNKNOWN_DELIVERY_POLICY = "wait"
    settings.MAILERS = {"default": {"BACKEND": "anymail.backends.resend.EmailBackend", "OPTIONS": {}}}
    pass_time()
    assert ROWS.due().count() == 1


def test_whoever_lost_the_lease_writes_nothing(mail, state, mailoutbox):
    def overtaken(row):
        pass_time()
        ROWS.all().claim()
        return letter(row)

    drain(overtaken)
    assert state("lease") != ("sent", None)
    assert MailCount.objects.get(outbox="accountmail", result="overtaken").count == 1


def test_whoever_lost_the_lease_before_sending_sends_nothing(mail, mailoutbox, settings, monkeypatch):
    def stopped(row):
        """As a worker does that was stopped for longer than its lease."""
        pass_time()
        ROWS.all().claim()
        settings.MAIL_PATIENCE = -1
        return letter(row)

    drain(stopped)
    assert mailoutbox == []
    assert MailCount.objects.get(outbox="accountmail", result="avoided").count == 1


def test_what_a_turn_has_no_time_for_is_left_to_the_next(mail, mailoutbox, monkeypatch):
    ROWS.create(kind="notice", email="bob@acme.example")
    monkeypatch.setattr(relay, "TURN", -1.0)
    assert drain() == 1
    assert drain() == 1
    assert len(mailoutbox) == 2


@pytest.mark.django_db(transaction=True)
def test_many_workers_send_each_row_once(mailoutbox):
    ROWS.bulk_create([AccountMail(kind="notice", email=f"p{n}@example.com") for n in range(120)])
    results = race(*[drain] * 8)
    assert refused(results) == []
    assert sum(results) == 120
    assert sorted(one.to[0] for one in mailoutbox) == sorted(f"p{n}@example.com" for n in range(120))


@pytest.fixture
def unreachable(monkeypatch):
    """A broker that nobody listens for, known to no process yet."""
    options = {"socket_connect_timeout": 0.2, "max_retries": 0}
    away = Celery(broker=f"redis://127.0.0.1:{free_port()}/0", broker_transport_options=options, set_as_current=False)
    monkeypatch.setattr(queue, "current_app", away)
    monkeypatch.setattr(queue._Broker, "quiet_until", 0.0)


def test_a_broker_that_is_away_costs_a_process_one_wait(unreachable):
    with capture_logs() as logs:
        for _ in range(3):
            queue.nudge("members.tasks.drain")
    assert [(one["event"], one["task"]) for one in logs] == [("broker_away", "members.tasks.drain")]


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("members.tasks.drain", "accounts"),
        ("invitations.tasks.drain", "invitations"),
        ("billing_seats.tasks.drain", "seats"),
    ],
)
def test_one_nudge_waits_for_each_outbox_and_expires(task, name):
    with app.connection_for_write() as broker, broker.SimpleQueue(name) as waiting:
        waiting.clear()
        for _ in range(3):
            queue.nudge(task)
        assert waiting.qsize() == 1
        nudge = waiting.get(block=False)
        assert nudge.headers["task"] == task
        assert nudge.headers["expires"] is not None
        nudge.ack()
        queue.nudge(task)
        assert waiting.qsize() == 1, "the first one is being run: what was written since needs another"
        waiting.clear()


@pytest.mark.parametrize("policy", ["resend", "wait"])
def test_what_is_due_is_found_by_an_index_however_much_was_sent(mail, settings, policy):
    settings.UNKNOWN_DELIVERY_POLICY = policy
    ROWS.bulk_create([AccountMail(kind="x", email="ada@example.com", state="sent") for _ in range(3000)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE members_accountmail")
    for rows in (ROWS.due().order_by("next_attempt_at"), ROWS.filter(state__in=queue.OPEN)):
        assert "account_mail_open" in rows.explain()
    assert "account_mail_failed" in ROWS.filter(state="failed").explain()
    assert "account_mail_by_provider" in ROWS.filter(provider_message_id="x").exclude(provider_message_id="").explain()
