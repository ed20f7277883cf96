"""The providers' own signatures: where their key is set, the secret alone opens nothing."""

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from svix.webhooks import Webhook

from tests.invitations.payloads import T0, outcome, post, sendgrid

STAMP = "1700000000"
RESEND_KEY = "whsec_" + base64.b64encode(b"s" * 24).decode()


@pytest.fixture
def twilio(settings, telling):
    """Answer what signs as SendGrid does: the stamp and the body, by its private key."""
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
