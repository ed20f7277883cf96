"""Webhook posts as four providers document them, trimmed of nothing but what they repeat; and how they are sent."""

import base64
import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime, timedelta

from django.db.models.functions import Now
from django.test import Client

from invitations.inviting import invite
from invitations.models import Delivery
from members.outbox.queue import State
from tests.invitations.delivery.amazon import amazon

SIGNING_KEY = "key-of-mailgun"
REFUSED = "smtp; 550 5.1.1 The email account that you tried to reach does not exist"


def _z(at):
    return at.isoformat().replace("+00:00", "Z")


def postmark(kind, name, email, at, metadata=None):
    """https://postmarkapp.com/developer/webhooks/webhooks-overview"""
    common = {"ServerID": 23, "MessageStream": "outbound", "MessageID": name, "Tag": "", "Metadata": metadata or {}}
    bounce = {
        **common,
        "RecordType": "Bounce",
        "ID": 42,
        "Type": "HardBounce",
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
        "Details": REFUSED,
        "Email": email,
        "From": "no-reply@example.com",
        "BouncedAt": _z(at),
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Alice Martin invited you to Acme",
        "Content": "<Full dump of bounce>",
    }
    return {
        "delivered": {
            **common,
            "RecordType": "Delivery",
            "Recipient": email,
            "DeliveredAt": _z(at),
            "Details": "250 2.0.0 OK",
        },
        "bounced": bounce,
        "soft": {**bounce, "Type": "SoftBounce", "TypeCode": 4096, "Name": "Soft bounce", "Inactive": False},
        "delayed": {**bounce, "Type": "Transient", "TypeCode": 2, "Name": "Message delayed"},
        "complained": {**bounce, "RecordType": "SpamComplaint", "Type": "SpamComplaint", "TypeCode": 512},
        "opened": {
            **common,
            "RecordType": "Open",
            "FirstOpen": True,
            "Recipient": email,
            "ReceivedAt": _z(at),
            "UserAgent": "Mozilla/5.0",
        },
    }[kind], {}


def sendgrid(kind, name, email, at):
    """https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event"""
    common = {
        "email": email,
        "timestamp": int(at.timestamp()),
        "smtp-id": name,
        "category": ["invitation"],
        "sg_event_id": uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}{name}{at}").hex,
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
    }
    return [
        {
            "processed": {**common, "event": "processed"},
            "delivered": {**common, "event": "delivered", "response": "250 OK"},
            "bounced": {**common, "event": "bounce", "type": "bounce", "status": "5.1.1", "reason": REFUSED},
            "soft": {**common, "event": "bounce", "type": "blocked", "status": "5.1.1", "reason": REFUSED},
            "delayed": {**common, "event": "deferred", "response": "400 try again later", "attempt": "5"},
            "complained": {**common, "event": "spamreport"},
        }[kind]
    ], {}


def mailgun(kind, name, email, at):
    """https://documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks"""
    stamp, token = str(int(at.timestamp())), uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}{name}{at}").hex
    signature = hmac.new(SIGNING_KEY.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    common = {
        "id": "DACSsAdVSeGpLid7TN03WA",
        "timestamp": at.timestamp(),
        "recipient": email,
        "recipient-domain": "example.com",
        "message": {"headers": {"message-id": name.strip("<>"), "to": email, "from": "no-reply@example.com"}},
        "tags": [],
        "user-variables": {},
        "flags": {"is-routed": False, "is-authenticated": True, "is-system-test": False, "is-test-mode": False},
    }
    failed = {
        **common,
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "delivery-status": {"code": 550, "message": REFUSED, "description": "", "attempt-no": 1},
    }
    data = {
        "delivered": {**common, "event": "delivered", "delivery-status": {"code": 250, "message": "OK"}},
        "bounced": failed,
        "soft": {**failed, "severity": "temporary", "reason": "generic"},
        "delayed": {**failed, "severity": "temporary", "reason": "generic"},
        "complained": {**common, "event": "complained"},
    }[kind]
    return {"signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": data}, {}


def ses(kind, name, email, at):
    """https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html"""
    mail = {
        "timestamp": _z(at),
        "messageId": name,
        "source": "no-reply@example.com",
        "sourceArn": "arn:aws:ses:us-east-1:123456789012:identity/no-reply@example.com",
        "sendingAccountId": "123456789012",
        "destination": [email],
        "headersTruncated": False,
        "headers": [{"name": "From", "value": "no-reply@example.com"}, {"name": "To", "value": email}],
        "commonHeaders": {"from": ["no-reply@example.com"], "to": [email], "messageId": name},
        "tags": {"ses:configuration-set": ["ConfigSet"]},
    }
    bounce = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [
            {"emailAddress": email, "action": "failed", "status": "5.1.1", "diagnosticCode": REFUSED}
        ],
        "timestamp": _z(at),
        "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
        "reportingMTA": "dsn; mta.example.com",
    }
    event = {
        "delivered": {
            "eventType": "Delivery",
            "delivery": {"timestamp": _z(at), "recipients": [email], "smtpResponse": "250 2.6.0 Message received"},
        },
        "bounced": {"eventType": "Bounce", "bounce": bounce},
        "soft": {
            "eventType": "Bounce",
            "bounce": {**bounce, "bounceType": "Transient", "bounceSubType": "MailboxFull"},
        },
        "complained": {
            "eventType": "Complaint",
            "complaint": {
                "complainedRecipients": [{"emailAddress": email}],
                "timestamp": _z(at),
                "feedbackId": "01000157c44f053b",
                "userAgent": "Amazon SES Mailbox Simulator",
                "complaintFeedbackType": "abuse",
            },
        },
        "delayed": {
            "eventType": "DeliveryDelay",
            "deliveryDelay": {
                "timestamp": _z(at),
                "delayType": "TransientCommunicationFailure",
                "delayedRecipients": [{"emailAddress": email, "status": "4.4.1", "diagnosticCode": "smtp; 421"}],
            },
        },
        "failed": {
            "eventType": "Rendering Failure",
            "failure": {
                "errorMessage": "Attribute 'name' is not present in the rendering data.",
                "templateName": "MyTemplate",
            },
        },
    }[kind]
    identifier = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}{name}{at}"))
    sns = {
        "Type": "Notification",
        "MessageId": identifier,
        "TopicArn": "arn:aws:sns:us-east-1:123456789012:ses-events",
        "Subject": "Amazon SES Email Event Notification",
        "Message": json.dumps({**event, "mail": mail}),
        "Timestamp": _z(at),
        "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
    }
    return by_amazon(sns)


def by_amazon(sns, **how):
    """Sign anew, and answer the message and its headers."""
    headers = {"x-amz-sns-message-type": sns.get("Type"), "x-amz-sns-message-id": sns.get("MessageId")}
    return amazon().sign(sns, **how), headers


def subscription(topic="arn:aws:sns:us-east-1:123456789012:ses-events", **others):
    """https://docs.aws.amazon.com/sns/latest/dg/http-subscription-confirmation-json.html"""
    token = (
        "2336412f37fb687f5d51e6e241d09c805a5a57b30d712f7948a98bac386edfe3e10314e873973b3e0a3c09119b722dedf2b5e31c59b13"
    )
    sns = {
        "Type": "SubscriptionConfirmation",
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": token,
        "TopicArn": topic,
        "Message": f"You have chosen to subscribe to the topic {topic}.\nTo confirm, visit the SubscribeURL.",
        "SubscribeURL": f"https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
        "Timestamp": "2012-04-26T20:45:04.751Z",
        **others,
    }
    return by_amazon(sns)


SECRET = "provider:" + "k7Jq2xWm" * 4
T0 = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
MAKERS = {"postmark": postmark, "sendgrid": sendgrid, "mailgun": mailgun, "amazon_ses": ses}
PROVIDERS = list(MAKERS)


def sent(actor, email="ada@example.com", **fields) -> Delivery:
    """Invite, and let the email have left."""
    [answer] = invite(actor, [email])
    values = {"provider_message_id": f"<id-of-{email}>", "state": State.SENT, "sent_at": Now(), **fields}
    Delivery.objects.filter(invitation=answer.invitation).update(**values)
    return Delivery.objects.get(invitation=answer.invitation)


def post(provider, body, *, secret=SECRET, **headers):
    if secret:
        headers["authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    client = Client(raise_request_exception=False)
    return client.post(f"/webhooks/email/{provider}/", data, content_type="application/json", headers=headers)


def told(provider, kind, delivery, at=T0):
    """Post one event in the provider's own words."""
    body, headers = MAKERS[provider](kind, delivery.provider_message_id, delivery.recipient, at)
    return post(provider, body, **headers)


def outcome(delivery):
    delivery.refresh_from_db()
    return delivery.outcome, delivery.soft
