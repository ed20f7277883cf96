"""What becomes of a mail when the provider misbehaves, over real sockets: SMTP, and the API of one of anymail's."""

import socket
import time
from datetime import timedelta
from smtplib import SMTPAuthenticationError, SMTPConnectError

import pytest
from anymail.exceptions import AnymailAPIError
from django.db.models.functions import Now
from django.utils import timezone, translation

from members.models import AccountMail
from members.outbox import failures, pause, relay
from members.outbox.compose import compose
from members.outbox.failures import Failure, FailureKind, NotOpened, classify
from members.outbox.pause import ProviderPause
from tests.providers import CUT, DROP, HANG, HTML, ODD, TRICKLE, HttpSink, SmtpSink

ROWS = AccountMail.objects
pytestmark = pytest.mark.django_db


def letter(mail):
    return compose(
        "password_changed",
        to=mail.email,
        language=mail.language,
        message_id=mail.message_id,
        key=str(mail.pk),
        context={"user_name": "Ada", "url": "https://console.example/x", "email": mail.email},
    )


def drain():
    return relay.drain(ROWS.all(), letter)


def pass_time():
    ROWS.update(next_attempt_at=Now() - timedelta(seconds=1))


@pytest.fixture
def mail(db):
    return ROWS.create(kind="password_changed", email="ada@example.com")


@pytest.fixture
def state(mail):
    def read(*names):
        mail.refresh_from_db()
        return tuple(getattr(mail, name) for name in ("state", *names))

    return read


@pytest.fixture
def smtp(settings):
    sink = SmtpSink()
    settings.MAILERS = sink.mailers(patience=0.3)
    yield sink
    sink.close()


@pytest.fixture
def http(settings):
    sink = HttpSink()
    settings.MAILERS = sink.mailers()
    settings.ANYMAIL = {**settings.ANYMAIL, "REQUESTS_TIMEOUT": 0.3}
    yield sink
    sink.close()


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_one_connection_serves_a_whole_turn(smtp):
    ROWS.bulk_create([AccountMail(kind="x", email=f"p{n}@example.com") for n in range(60)])
    assert drain() == 60
    assert (len(smtp.accepted), smtp.connections) == (60, 1)


def test_one_connection_serves_a_whole_turn_with_an_api(http):
    ROWS.bulk_create([AccountMail(kind="x", email=f"p{n}@example.com") for n in range(5)])
    assert drain() == 5
    assert (len(http.accepted), len(http.connections)) == (5, 1)


def test_a_connection_dropped_between_two_mails_is_opened_again(smtp, mail):
    ROWS.create(kind="x", email="bob@acme.example")
    smtp.mail += ["", DROP]
    assert drain() == 2
    assert set(ROWS.values_list("state", "attempts")) == {("sent", 1)}
    assert (len(set(smtp.accepted)), len(smtp.accepted), smtp.connections) == (2, 2, 2)


def test_a_server_that_wants_a_new_connection_gets_one(smtp, mail):
    ROWS.create(kind="x", email="bob@acme.example")
    smtp.mail += ["", "421 4.7.0 too many messages on this connection"]
    assert drain() == 2
    assert set(ROWS.values_list("state", "attempts")) == {("sent", 1)}
    assert (len(set(smtp.accepted)), smtp.connections) == (2, 2)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("550 5.1.1 no such user ada@example.com", ("failed", "smtp 550 5.1.1", "The address was refused.")),
        ("553 not here", ("failed", "smtp 553", "The address was refused.")),
        ("450 4.2.0 try later", ("queued", "smtp 450 4.2.0", "The mail server asked to try again later.")),
        (DROP, ("queued", "SMTPServerDisconnected", "The mail provider could not be reached.")),
        (HANG, ("queued", "SMTPServerDisconnected", "The mail provider could not be reached.")),
    ],
)
def test_an_address_that_the_server_does_not_take(smtp, mail, state, said, expected):
    smtp.rcpt.append(said)
    drain()
    found = state("error_code", "error")
    assert found[:2] == expected[:2]
    assert found[2].startswith(expected[2])
    assert "ada@example.com" not in mail.error + mail.error_code
    assert smtp.accepted == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("554 5.7.1 looks like spam", ("failed", "smtp 554 5.7.1")),
        ("451 4.3.0 disk full", ("queued", "smtp 451 4.3.0")),
        ("530 5.7.0 authentication required", ("queued", "smtp 530 5.7.0")),
        (HANG, ("unknown", "AnswerLost")),
        (DROP, ("unknown", "AnswerLost")),
    ],
)
def test_a_message_that_the_server_does_not_take(smtp, state, said, expected):
    smtp.data.append(said)
    drain()
    assert state("error_code") == expected


def test_no_server_at_all(state, settings):
    options = {"host": "127.0.0.1", "port": closed_port(), "timeout": 0.3}
    settings.MAILERS = {"default": {"BACKEND": "members.outbox.smtp.EmailBackend", "OPTIONS": options}}
    drain()
    assert state("error_code", "attempts") == ("queued", "ConnectionRefusedError", 1)


def test_a_server_that_takes_no_passwords_is_a_matter_of_settings(smtp, state, settings):
    settings.MAILERS["default"]["OPTIONS"] |= {"username": "console", "password": "wrong"}
    ROWS.create(kind="x", email="bob@acme.example")
    assert drain() == 1, "the others are not even tried"
    assert state("error_code", "error") == (
        "queued",
        "SMTPNotSupportedError",
        "The console’s mail settings are not complete.",
    )


def test_an_address_that_cannot_be_written_fails_at_once(smtp, mail, state):
    ROWS.update(email="é b@example.com")
    drain()
    assert state("error_code") == ("failed", "ValueError")
    assert "Check how it is spelt" in mail.error


@pytest.mark.parametrize(("policy", "copies"), [("resend", 2), ("wait", 1)])
def test_a_lost_answer_is_settled_by_the_policy(smtp, state, settings, policy, copies):
    settings.UNKNOWN_DELIVERY_POLICY = policy
    smtp.data.append(HANG)
    drain()
    assert drain() == 0, "not before its pause is over"
    pass_time()
    drain()
    assert state()[0] == ("sent" if policy == "resend" else "unknown")
    assert len(smtp.accepted) == copies
    assert len(set(smtp.accepted)) == 1, "a copy carries the same Message-ID"


def test_a_retry_is_the_same_message_but_for_its_date(smtp, mail):
    smtp.data += ["451 later"]
    drain()
    pass_time()
    smtp.data += [HANG]
    drain()
    pass_time()
    drain()
    first, second = (
        [line for line in source.splitlines() if b"Date:" not in line and b"=====" not in line]
        for source in smtp.sources
    )
    assert first == second


def test_the_idempotency_key_is_the_providers_alone(http, mail):
    drain()
    assert list(http.keys) == [str(mail.pk)]
    assert set(http.bodies[0]["headers"]) & {"Idempotency-Key", "X-Idempotency-Key"} == set()


def test_a_message_by_smtp_says_nothing_of_the_console_inside(smtp, mail):
    drain()
    [source] = smtp.sources
    assert b"idempotency" not in source.lower()
    assert str(mail.pk).encode() not in source


def test_the_provider_is_asked_by_its_own_name_for_the_message(http, state):
    drain()
    assert state("provider_message_id") == ("sent", "re-0")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((422, {}), ("failed", "http 422", "The mail provider refused the message.")),
        ((400, {}), ("failed", "http 400", "The mail provider refused the message.")),
        ((401, {}), ("queued", "http 401", "The mail provider does not accept the console’s credentials.")),
        ((429, {}), ("queued", "http 429", "The mail provider asked to wait.")),
        ((500, {}), ("queued", "http 500", "The mail provider has a fault of its own.")),
        ((503, {}), ("queued", "http 503", "The mail provider has a fault of its own.")),
        (HANG, ("unknown", "ReadTimeout", "The mail provider did not answer: the message may have left or not.")),
        (DROP, ("unknown", "ConnectionError", "The mail provider did not answer: the message may have left or not.")),
    ],
)
def test_what_an_api_answers(http, state, answer, expected):
    http.answers.append(answer)
    drain()
    assert state("error_code", "error") == expected


@pytest.mark.parametrize(("how", "code"), [(TRICKLE, "ReadTimeout"), (CUT, "http 200"), (HTML, "http 200")])
def test_an_answer_that_is_none_in_time_leaves_it_open_whether_the_message_left(http, state, settings, how, code):
    settings.MAIL_PATIENCE = 0.5
    http.answers.append(how)
    began = time.monotonic()
    drain()
    assert time.monotonic() - began < 3
    assert state("error_code") == ("unknown", code)
    assert http.accepted, "the provider has it"


def test_a_name_that_cannot_be_stored_is_stored_as_far_as_it_can(http, state):
    http.answers.append(ODD)
    drain()
    assert state("provider_message_id") == ("sent", ("re" * 500)[:255])


def test_no_api_at_all(state, settings):
    options = {"api_key": "x", "api_url": f"http://127.0.0.1:{closed_port()}/"}
    settings.MAILERS = {"default": {"BACKEND": "anymail.backends.resend.EmailBackend", "OPTIONS": options}}
    drain()
    assert state("error_code") == ("queued", "ConnectionError")


def seconds_until(moment):
    return (moment - timezone.now()).total_seconds()


@pytest.mark.parametrize("retry_after", ["120", None])
def test_retry_after_is_honoured_by_all_old_mail_and_new(http, mail, retry_after):
    ROWS.create(kind="x", email="bob@acme.example")
    date = (timezone.now() + timedelta(seconds=121)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    http.answers.append((429, {"Retry-After": retry_after or date}))
    assert drain() == 1
    mail.refresh_from_db()
    assert 110 < seconds_until(mail.next_attempt_at) < 140
    assert 110 < seconds_until(ProviderPause.objects.get().until) < 125
    ROWS.create(kind="x", email="carol@acme.example")
    assert drain() == 0
    assert len(http.bodies) == 1, "the others were not even tried"
    ProviderPause.objects.update(until=Now())
    assert drain() == 2
    assert [body["to"] for body in http.bodies[1:]] == [["bob@acme.example"], ["carol@acme.example"]]


def test_a_provider_can_make_mail_wait_for_ten_minutes_and_no_longer(http, mail):
    http.answers += [(429, {"Retry-After": "3600"}), (429, {"Retry-After": "5"}), (503, {"Retry-After": "86400"})]
    drain()
    assert 590 < seconds_until(ProviderPause.objects.get().until) <= 600
    pause.begin(Failure(FailureKind.TRANSIENT, failures.BUSY, "http 429", wait=5))
    assert 590 < seconds_until(ProviderPause.objects.get().until) <= 600, "a shorter one ends no longer one"
    ProviderPause.objects.update(until=Now())
    pass_time()
    drain()
    assert 0 < seconds_until(ProviderPause.objects.get().until) <= 5
    ProviderPause.objects.update(until=Now())
    pass_time()
    drain()
    mail.refresh_from_db()
    assert (mail.error_code, mail.attempts) == ("http 503", 3)
    assert 590 < seconds_until(mail.next_attempt_at) < 650
    assert not ProviderPause.objects.in_force().exists(), "a fault of one message keeps back no other"


@pytest.mark.django_db(transaction=True)
def test_asked_to_wait_it_asks_for_nothing_more_meanwhile(http, mail):
    ROWS.bulk_create([AccountMail(kind="x", email=f"p{n}@example.com") for n in range(120)])
    http.answers.append((429, {"Retry-After": "120"}))
    assert drain() == 1
    assert drain() == 0
    assert len(http.bodies) == 1


def test_a_repetition_under_the_same_key_sends_nothing_twice(http, state):
    http.answers.append(HANG)
    drain()
    pass_time()
    drain()
    assert state("provider_message_id") == ("sent", "re-0")
    assert (len(http.bodies), len(http.accepted)) == (2, 1)
    assert http.bodies[0] == http.bodies[1]


def test_trouble_is_told_in_the_readers_language(smtp, mail, state):
    smtp.rcpt.append("550 5.1.1 no")
    drain()
    state()
    with translation.override("fr"):
        assert mail.trouble == "L’adresse a été refusée. Vérifiez son orthographe."


@pytest.mark.parametrize("code", [421, 454, 535, 554])
def test_whatever_keeps_the_connection_from_opening_is_no_mails_fault(code):
    error = NotOpened()
    error.__cause__ = SMTPAuthenticationError(code, b"no") if code == 535 else SMTPConnectError(code, b"no")
    failure = classify(error)
    assert (failure.kind.value, failure.affects_all) == ("transient", True)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"Error": {"Code": "TooManyRequestsException"}}, ("transient", "http 429")),
        (
            {"Error": {"Code": "MessageRejected"}, "ResponseMetadata": {"HTTPStatusCode": 400}},
            ("permanent", "http 400"),
        ),
        ({"ResponseMetadata": {"HTTPStatusCode": 500}}, ("transient", "http 500")),
        (None, ("unknown", "AnymailAPIError")),
    ],
)
def test_amazons_library_tells_its_errors_in_a_way_of_its_own(response, expected):
    cause = Exception()
    cause.response = response
    error = AnymailAPIError("refused for ada@example.com", response=response)
    error.__cause__ = cause if response else None
    failure = classify(error)
    assert (failure.kind.value, failure.code) == expected
