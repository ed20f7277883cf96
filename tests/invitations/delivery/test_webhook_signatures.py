"""The providers' own signatures: where their key is set, the secret alone opens nothing."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db.models.functions import Now
from svix.webhooks import Webhook

from invitations.models import WebhookToken
from tests.invitations.delivery.payloads import T0, mailgun, outcome, post, sendgrid

STAMP = "1700000000"
RESEND_KEY = "whsec_" + base64.b64encode(b"s" * 24).decode()


@pytest.fixture
def twilio(settings, telling):
    """Return what signs as SendGrid does: the stamp and the body, by its private key."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    name = "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY"
    settings.ANYMAIL = {**settings.ANYMAIL, name: base64.b64encode(public).decode()}

    def sign(body: bytes) -> dict[str, str]:
        signature = private.sign(STAMP.encode() + body, ec.ECDSA(hashes.SHA256()))
        prefix = "X-Twilio-Email-Event-Webhook-"
        return {f"{prefix}Signature": base64.b64encode(signature).decode(), f"{prefix}Timestamp": STAMP}

    return sign


@pytest.fixture
def bounced(ada):
    body, _headers = sendgrid("bounced", ada.provider_message_id, ada.recipient, T0)
    return json.dumps(body).encode()


def test_what_sendgrid_signed_is_heard(twilio, bounced, ada):
    assert post("sendgrid", bounced, **twilio(bounced)).status_code == 200
    assert outcome(ada) == ("bounced", False)


@pytest.mark.parametrize("forge", [lambda sign, _body: sign(b"[]"), lambda _sign, _body: {}])
def test_what_sendgrid_did_not_sign_is_refused(forge, twilio, bounced, ada):
    assert post("sendgrid", bounced, **forge(twilio, bounced)).status_code == 400
    assert outcome(ada) == ("", False)


@pytest.mark.parametrize(("key", "status", "kept"), [(RESEND_KEY, 200, "bounced"), ("whsec_b3RoZXI=", 400, "")])
def test_resends_signature_is_asked_for(key, status, kept, settings, ada):
    settings.ANYMAIL = {**settings.ANYMAIL, "RESEND_SIGNING_SECRET": RESEND_KEY}
    about = {"email_id": ada.provider_message_id, "to": [ada.recipient]}
    text = json.dumps({"type": "email.bounced", "created_at": T0.isoformat(), "data": about})
    now = datetime.now(UTC)
    signature = Webhook(key).sign("msg_1", now, text)
    headers = {"svix-id": "msg_1", "svix-timestamp": str(int(now.timestamp())), "svix-signature": signature}
    assert post("resend", text.encode(), **headers).status_code == status
    assert outcome(ada)[0] == kept


def signed_by_mailgun(ada, **changed):
    body, _headers = mailgun("bounced", ada.provider_message_id, ada.recipient, T0)
    body["event-data"].update(changed)
    return json.dumps(body).encode()


def test_mailguns_signature_is_good_for_one_body_however_often_it_is_sent(ada):
    first = signed_by_mailgun(ada)
    assert [post("mailgun", first).status_code for _ in range(2)] == [200, 200]
    assert outcome(ada) == ("bounced", False)


def test_mailguns_captured_signature_opens_no_other_body(ada):
    delivered = {"event": "delivered", "delivery-status": {"code": 250, "message": "OK"}}
    assert post("mailgun", signed_by_mailgun(ada, **delivered)).status_code == 200
    assert post("mailgun", signed_by_mailgun(ada)).status_code == 400
    assert outcome(ada) == ("delivered", False)


def test_a_signature_of_the_day_before_yesterday_is_refused(ada):
    body, _headers = mailgun("bounced", ada.provider_message_id, ada.recipient, T0 - timedelta(days=2))
    assert post("mailgun", body).status_code == 400
    assert outcome(ada) == ("", False)


def test_tokens_are_forgotten_once_their_signatures_are_too_old(ada):
    assert post("mailgun", signed_by_mailgun(ada)).status_code == 200
    assert WebhookToken.objects.delete_expired() == 0
    WebhookToken.objects.update(created_at=Now() - timedelta(days=3))
    assert WebhookToken.objects.delete_expired() == 1
