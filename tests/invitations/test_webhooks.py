"""What providers tell: under a secret, once, in any order, of nobody else's mail."""

import base64
import json
import time
import warnings
from datetime import UTC, datetime, timedelta

import pytest
from anymail.exceptions import AnymailNotSupportedWarning
from django.db.models.functions import Now
from django.test import Client

from invitations.models import Delivery, DeliveryEvent
from invitations.services import invite
from members.access import actor_for
from members.models import AccountMail
from members.outbox import State
from tests.invitations.payloads import SIGNING_KEY, mailgun, postmark, sendgrid, ses
from tests.performance.test_query_counts import count
from workspace_admin.configuration import webhook_secret

SECRET = "provider:" + "k7Jq2xWm" * 4
T0 = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


@pytest.fixture(autouse=True)
def _configured(settings):
    settings.EMAIL_WEBHOOK_SECRET = SECRET
    settings.ANYMAIL = {**settings.ANYMAIL, "MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY}
    warnings.simplefilter("ignore", AnymailNotSupportedWarning)


def sent(actor, email="ada@example.com", **fields) -> Delivery:
    """Invite, and let the email have left."""
    [answer] = invite(actor, [email])
    values = {"provider_message_id": f"<id-of-{email}>", "state": State.SENT, "sent_at": Now(), **fields}
    Delivery.objects.filter(invitation=answer.invitation).update(**values)
    return Delivery.objects.get(invitation=answer.invitation)


@pytest.fixture
def ada(as_alice) -> Delivery:
    return sent(as_alice)


def post(provider, body, *, secret=SECRET, client=None, **headers):
    if secret:
        headers["authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (client or Client(raise_request_exception=False)).post(
        f"/webhooks/email/{provider}/", data, content_type="application/json", headers=headers
    )


def told(provider, kind, delivery, at=T0, **more):
    """Post one event in the provider's own words."""
    body, headers = {"postmark": postmark, "sendgrid": sendgrid, "mailgun": mailgun, "amazon_ses": ses}[provider](
        kind, delivery.provider_message_id, delivery.recipient, at, **more
    )
    return post(provider, body, **headers)


def outcome(delivery):
    delivery.refresh_from_db()
    return delivery.outcome, delivery.soft


PROVIDERS = ["postmark", "sendgrid", "mailgun", "amazon_ses"]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("delivered", ("delivered", False)),
        ("bounced", ("bounced", False)),
        ("soft", ("bounced", True)),
        ("complained", ("complained", False)),
        ("delayed", ("", False)),
    ],
)
def test_every_provider_is_understood(provider, kind, expected, ada):
    response = told(provider, kind, ada)
    assert response.status_code == 200
    if (provider, kind) == ("mailgun", "soft"):
        expected = ("", False)  # Mailgun goes on trying, and tells of the end
    assert outcome(ada) == expected
    event = ada.events.get()
    assert abs(event.at - T0) < timedelta(seconds=1)
    if expected[0] == "bounced":
        assert ada.outcome_at == event.at
        assert "550 5.1.1" in event.detail, "in the provider's words"


def test_what_a_provider_tells_of_openings_is_not_kept(ada):
    assert told("postmark", "opened", ada).status_code == 200
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize("order", [("delivered", "bounced", "complained"), ("complained", "bounced", "delivered")])
def test_a_heavier_outcome_stands_whatever_arrives_first(order, ada):
    for kind in order:
        told("postmark", kind, ada, T0 + timedelta(seconds=len(kind)))
    assert outcome(ada) == ("complained", False)
    assert ada.events.count() == 3


def test_a_late_delivery_does_not_hide_a_bounce(ada):
    told("postmark", "bounced", ada)
    told("postmark", "delivered", ada, T0 + timedelta(minutes=5))
    assert outcome(ada) == ("bounced", False)


def test_a_hard_bounce_outweighs_a_soft_one_whichever_comes_first(ada, as_alice):
    told("postmark", "soft", ada)
    told("postmark", "bounced", ada)
    assert outcome(ada) == ("bounced", False)
    ben = sent(as_alice, "ben@example.com")
    told("postmark", "bounced", ben)
    told("postmark", "soft", ben)
    assert outcome(ben) == ("bounced", False)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_replay_changes_nothing(provider, ada):
    told(provider, "bounced", ada, at=T0)
    Delivery.objects.update(outcome="", released_at=Now())
    for _ in range(3):
        assert told(provider, "bounced", ada, at=T0).status_code == 200
    assert ada.events.count() == 1
    assert outcome(ada) == ("", False), "old news undo nothing that was decided since"


def test_an_event_of_one_tenants_mail_touches_no_other(ada, globex, dana):
    theirs = sent(actor_for(dana, "globex"), provider_message_id="theirs")
    told("postmark", "bounced", theirs)
    assert (outcome(ada), outcome(theirs)) == (("", False), ("bounced", False))


def test_an_id_that_two_mails_have_is_believed_for_neither(ada, globex, dana):
    theirs = sent(actor_for(dana, "globex"), provider_message_id=ada.provider_message_id)
    told("postmark", "bounced", ada)
    assert (outcome(ada), outcome(theirs)) == (("", False), ("", False))


def test_an_event_about_another_recipient_is_not_believed(ada):
    body, _ = postmark("bounced", ada.provider_message_id, "eve@example.com", T0)
    assert post("postmark", body).status_code == 200
    assert outcome(ada) == ("", False)


def test_unknown_mail_is_answered_and_passed_over(ada):
    body, _ = postmark("bounced", "somebody-elses", "eve@example.com", T0)
    assert post("postmark", body).status_code == 200
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize("known_by", ["metadata", "message-id"])
def test_a_mail_of_unknown_fate_is_settled_by_its_event(known_by, as_alice):
    lost = sent(as_alice, state=State.UNKNOWN, provider_message_id="", sent_at=None, error_code="died")
    if known_by == "metadata":
        body, headers = postmark("delivered", "never-heard", lost.recipient, T0, metadata={"mail": str(lost.id)})
        response = post("postmark", body, **headers)
    else:
        body, headers = sendgrid("processed", lost.message_id, lost.recipient, T0)
        response = post("sendgrid", body, **headers)
    assert response.status_code == 200
    lost.refresh_from_db()
    assert (lost.state, lost.error_code, lost.sent_at is not None) == ("sent", "", True)


def test_what_the_outbox_is_still_sending_is_left_to_it(as_alice):
    busy = sent(as_alice, state=State.SENDING, leased_until=Now() + timedelta(seconds=20))
    told("postmark", "delivered", busy)
    busy.refresh_from_db()
    assert (busy.state, busy.outcome) == ("sending", "delivered")


def test_mail_about_an_account_is_settled_too(db):
    mail = AccountMail.objects.create(kind="notice", email="ada@example.com", state=State.UNKNOWN)
    body, headers = postmark("bounced", "x", mail.email, T0, metadata={"mail": str(mail.id)})
    assert post("postmark", body, **headers).status_code == 200
    mail.refresh_from_db()
    assert mail.state == "sent"


def test_a_message_that_the_provider_could_not_send_has_failed_until_it_is_seen_to_arrive(ada):
    body, headers = ses("failed", ada.provider_message_id, ada.recipient, T0)
    post("amazon_ses", body, **headers)
    ada.refresh_from_db()
    assert (ada.state, ada.error) == ("failed", "Attribute 'name' is not present in the rendering data.")
    told("amazon_ses", "delivered", ada)
    ada.refresh_from_db()
    assert (ada.state, ada.shown) == ("sent", "delivered")


# --- who may tell


def test_without_a_secret_there_is_nothing_here(settings, ada):
    settings.EMAIL_WEBHOOK_SECRET = ""
    assert told("postmark", "bounced", ada).status_code == 404
    assert post("postmark", {}, secret="").status_code == 404
    assert outcome(ada) == ("", False)


@pytest.mark.parametrize("secret", ["", "provider:wrong", "provider:", SECRET + "x", SECRET[:-1], "prövider:ü"])
def test_a_forger_is_turned_away(secret, ada):
    body, _ = postmark("bounced", ada.provider_message_id, ada.recipient, T0)
    response = post("postmark", body, secret=secret)
    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Basic realm="webhooks"')
    assert outcome(ada) == ("", False)


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Bearer x", "Basic " + "A" * 5000, "Basic /w=="])
def test_an_odd_authorization_is_no_secret(header, ada):
    response = Client(raise_request_exception=False).post(
        "/webhooks/email/postmark/", b"{}", content_type="application/json", headers={"authorization": header}
    )
    assert response.status_code == 401


def test_the_providers_own_signature_is_checked_where_it_has_one(ada):
    body, _ = mailgun("bounced", ada.provider_message_id, ada.recipient, T0)
    body["signature"]["signature"] = "0" * 64
    assert post("mailgun", body).status_code == 400
    assert outcome(ada) == ("", False)


def test_a_provider_whose_key_is_missing_is_off(settings, ada):
    settings.ANYMAIL = {}
    assert told("mailgun", "bounced", ada).status_code == 404


@pytest.mark.parametrize("provider", ["nobody", "postmark_inbound", "inbound", "console"])
def test_an_unknown_provider_is_nobody(provider):
    assert post(provider, {}).status_code == 404


def test_a_weak_secret_stops_the_start():
    assert webhook_secret("") == ""
    assert webhook_secret(SECRET) == SECRET
    for weak in ("x" * 50, "name:short"):
        with pytest.raises(Exception, match="EMAIL_WEBHOOK_SECRET"):
            webhook_secret(weak)


def test_only_post_changes_anything(ada):
    assert Client().get("/webhooks/email/postmark/").status_code == 405


# --- what is no event at all

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
    maker = {"postmark": postmark, "sendgrid": sendgrid, "mailgun": mailgun, "amazon_ses": ses}[provider]
    body, headers = maker("bounced", ada.provider_message_id, ada.recipient, T0)
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


def test_amazons_subscription_waits_to_be_confirmed_by_hand(db):
    body = {"Type": "SubscriptionConfirmation", "MessageId": "m", "TopicArn": "arn:aws:sns:x", "Token": "t"}
    headers = {"x-amz-sns-message-type": "SubscriptionConfirmation", "x-amz-sns-message-id": "m"}
    assert post("amazon_ses", body, **headers).status_code == 200


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
    body = batch(as_alice, 10_000)
    assert len(json.dumps(body)) > 1_500_000
    began = time.monotonic()
    response = []
    statements = count(lambda: response.append(post("sendgrid", body)))
    assert response[0].status_code == 200
    assert DeliveryEvent.objects.count() == 10_000
    assert statements < 150
    assert time.monotonic() - began < 20
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
