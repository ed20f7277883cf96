"""What arrives at the webhooks and is no event, or is too much of them: a clear refusal, never a failure."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from invitations.inviting import invite
from invitations.models import Delivery, DeliveryEvent
from members.outbox.queue import State
from tests.invitations.delivery.payloads import MAKERS, PROVIDERS, T0, outcome, post, postmark, sendgrid

pytestmark = pytest.mark.usefixtures("telling")

ODD = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"{}",
    b"[{}]",
    b"17",
    b'"text"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"RecordType": "Bounce", "MessageID": {"a": 1}, "Email": ["x"], "BouncedAt": "soon"}',
    b'{"RecordType": "Bounce", "MessageID": "\\u0000\\ud800", "Email": "\\u0000", "BouncedAt": "9999-12-31T23:59-12"}',
    b'{"RecordType": ["Bounce"], "Metadata": 5}',
    b'[{"event": "bounce", "email": "a@example.com", "timestamp": 1e300, "smtp-id": "x"}]',
    b'[{"event": "bounce", "email": null, "timestamp": "x", "smtp-id": 5}]',
    b'{"signature": {"token": "a", "timestamp": "\xc3\xbc", "signature": "\xc3\xbc"}, "event-data": {}}',
    b'{"Type": "Notification", "MessageId": "x", "Message": "{\\"eventType\\": \\"Bounce\\", \\"mail\\": 5}"}',
]


@pytest.mark.parametrize("provider", [*PROVIDERS, "brevo", "mailjet", "mandrill", "sparkpost", "unisender_go"])
@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_nonsense_never_fails_here(provider, body, db):
    headers = {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": "x"}
    assert post(provider, body, **headers).status_code in {200, 400, 404}
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_truncated_post_changes_nothing(provider, kept, ada):
    body, headers = MAKERS[provider]("bounced", ada.provider_message_id, ada.recipient, T0)
    whole = json.dumps(body).encode()
    assert post(provider, whole[: int(len(whole) * kept)], **headers).status_code == 400
    assert outcome(ada) == ("", False)


def test_what_cannot_be_stored_is_cleaned(ada):
    body, _ = postmark("bounced", ada.provider_message_id, ada.recipient, T0)
    body["Details"] = "smtp;550\r\n\0Bcc: x\ud800 <b>gone</b>" + "x" * 10_000
    assert post("postmark", body).status_code == 200
    detail = ada.events.get().detail
    assert 300 < len(detail) <= 500
    assert not set(detail) & set("\r\n\0")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "2999-01-01T00:00:00Z", ""])
def test_a_time_that_cannot_be_true_becomes_the_mails_own(at, ada):
    body, _ = postmark("bounced", ada.provider_message_id, ada.recipient, T0)
    body["BouncedAt"] = at
    assert post("postmark", body).status_code == 200
    assert outcome(ada) == ("bounced", False)
    assert ada.events.get().at == ada.created_at


# --- how much


def batch(as_alice, size):
    Delivery.objects.all().delete()
    answers = invite(as_alice, [f"p{n}@example.com" for n in range(min(size, 1000))])
    rows = list(Delivery.objects.filter(invitation__in=[answer.invitation for answer in answers]))
    Delivery.objects.update(state=State.SENT)
    return [
        sendgrid("bounced" if n % 2 else "delivered", row.message_id, row.recipient, T0 + timedelta(seconds=n))[0][0]
        for n, row in zip(range(size), rows * (size // len(rows)), strict=True)
    ]


def test_ten_thousand_events_are_taken_in_one_post(as_alice):
    body, touched = batch(as_alice, 10_000), []
    assert len(json.dumps(body)) > 1_500_000

    def counted(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        touched.append(context["cursor"].rowcount)
        return result

    with connection.execute_wrapper(counted):
        assert post("sendgrid", body).status_code == 200
    assert DeliveryEvent.objects.count() == 10_000
    assert len(touched) < 100
    # Each thousand reads its emails, and the events that these have already.
    assert sum(touched) < 80_000
    assert Delivery.objects.filter(outcome="bounced").count() == 500


def test_above_the_limit_it_is_refused_before_it_is_read(ada):
    assert post("sendgrid", b"[" + b" " * 10_000_000 + b"]").status_code == 413
    assert post("sendgrid", b"[" + b"{}," * 200_000 + b"{}]").status_code == 400


def test_without_the_secret_the_limit_of_all_requests_holds(ada):
    large = b"[" + b" " * 1_500_000 + b"]"
    assert post("sendgrid", large).status_code == 200
    assert post("sendgrid", large, secret="provider:wrong").status_code == 413
    response = Client(raise_request_exception=False).post("/accounts/login/", large, content_type="application/json")
    assert response.status_code == 413
