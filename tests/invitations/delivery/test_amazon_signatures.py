"""Amazon's notifications: only what Amazon signed is heard, with a certificate of its own, from its own hosts."""

import json
from datetime import timedelta

import pytest
import requests
from structlog.testing import capture_logs

from invitations.delivery import sns
from tests.invitations.delivery.amazon import GENUINE, HOST, NOW, amazon, certify, make_key, pem
from tests.invitations.delivery.payloads import T0, by_amazon, outcome, post, ses, subscription

TOPIC = "arn:aws:sns:us-east-1:123456789012:ses-events"


@pytest.fixture(autouse=True)
def _fresh(telling):
    """Begin without certificates from before."""
    sns._certificate.cache_clear()
    amazon().asked.clear()


@pytest.fixture
def bounced(ada):
    body, _headers = ses("bounced", ada.provider_message_id, ada.recipient, T0)
    return body


@pytest.fixture
def at():
    """Return what puts an answer at a path of Amazon's, for one test."""
    known = dict(amazon().answers)

    def put(answer, path="/another.pem"):
        amazon().answers[path] = answer
        return f"https://{HOST}{path}"

    yield put
    amazon().answers = known


def tell(message, **how):
    body, headers = by_amazon(message, **how)
    return post("amazon_ses", body, **headers).status_code


def test_both_kinds_of_signature_are_heard(bounced, ada):
    for version in ("1", "2"):
        assert tell(bounced, version=version) == 200
    assert outcome(ada) == ("bounced", False)


def test_a_message_without_subject_is_heard(bounced, ada):
    del bounced["Subject"]
    assert tell(bounced) == 200
    assert outcome(ada) == ("bounced", False)


def test_the_certificate_is_fetched_once(bounced):
    assert [tell(bounced), tell(bounced)] == [200, 200]
    assert amazon().asked == [(HOST, f"/{GENUINE}")]


def test_of_certificates_only_so_many_are_kept():
    assert sns._certificate.cache_parameters()["maxsize"] == 32


CHANGES = {
    "another message": {"Message": "{}"},
    "another id": {"MessageId": "other"},
    "another topic": {"TopicArn": TOPIC + "x"},
    "another subject": {"Subject": "other"},
    "no subject": {"Subject": None},
    "another time": {"Timestamp": "2012-04-26T20:45:04.751Z"},
    "another version": {"SignatureVersion": "2"},
    "an unknown version": {"SignatureVersion": "3"},
    "no version": {"SignatureVersion": None},
    "an odd version": {"SignatureVersion": ["1"]},
    "no signature": {"Signature": None},
    "an empty signature": {"Signature": ""},
    "what is no signature": {"Signature": "EXAMPLE!"},
    "an odd subject": {"Subject": ["x"]},
    "a lone surrogate": {"Subject": "\ud800"},
    "no certificate": {"SigningCertURL": None},
    "an odd certificate": {"SigningCertURL": [1]},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_amazon_did_not_sign_is_refused(change, bounced, ada):
    forged = {**by_amazon(bounced)[0], **change}
    forged = {name: value for name, value in forged.items() if value is not None}
    headers = {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": forged["MessageId"]}
    assert post("amazon_ses", forged, **headers).status_code == 400
    assert outcome(ada) == ("", False)


def test_a_foreign_key_signs_nothing(bounced, ada):
    assert tell(bounced, key=make_key()) == 400
    assert outcome(ada) == ("", False)


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HOST}/{GENUINE}",
        f"https://{HOST}.example.com/{GENUINE}",
        f"https://{HOST}@example.com/{GENUINE}",
        f"https://{HOST}\\@example.com/{GENUINE}",
        f"https://{HOST}:8443/{GENUINE}",
        f"https://{HOST}/{GENUINE}?x",
        f"https://{HOST}/?x={GENUINE}",
        f"https://{HOST}/#{GENUINE}",
        f"https://{HOST}/certificate",
        f"https://{HOST}/{GENUINE}\n",
        f"https://sns.us-east-1.amazonaws.com.evil/{GENUINE}",
        f"https://evil-sns.us-east-1.amazonaws.com/{GENUINE}",
        f"https://sns.x.us-east-1.amazonaws.com/{GENUINE}",
        f"https://s3.us-east-1.amazonaws.com/{GENUINE}",
        f"https://sns.amazonaws.com/{GENUINE}",
        f"https://snsXus-east-1.amazonaws.com/{GENUINE}",
    ],
)
def test_a_certificate_elsewhere_is_not_even_asked_for(url, bounced, ada):
    assert tell(bounced, at=url) == 400
    assert amazon().asked == []
    assert outcome(ada) == ("", False)


@pytest.mark.parametrize(
    ("names", "times", "status"),
    [
        (["sns.amazonaws.com"], {}, 200),
        (["Amazon", "sns.us-east-1.amazonaws.com"], {}, 200),
        (["sns-signing.us-east-1.amazonaws.com"], {}, 200),
        (["sns.eu-west-1.amazonaws.com"], {}, 400),
        (["www.example.com", "sns.amazonaws.com.example.com"], {}, 400),
        (["sns.amazonaws.com"], {"until": NOW - timedelta(hours=1)}, 400),
        (["sns.amazonaws.com"], {"since": NOW + timedelta(hours=1)}, 400),
    ],
)
def test_a_certificate_must_be_in_force_and_made_out_to_what_signs(names, times, status, bounced, at):
    url = at((200, pem(certify(amazon().key, *names, **times))))
    assert tell(bounced, at=url) == status


def test_regions_that_sign_under_another_name_are_known():
    assert "sns-cn-north-1.amazonaws.com.cn" in sns._signers("cn-north-1", "amazonaws.com.cn")
    assert "sns-signing.af-south-1.amazonaws.com" in sns._signers("af-south-1", "amazonaws.com")
    assert "sns-us-gov-west-1.amazonaws.com" in sns._signers("us-gov-east-1", "amazonaws.com")


@pytest.mark.parametrize(
    "answer", [(404, b""), (500, b""), (302, b""), (200, b"<html>Welcome</html>"), (200, b""), (200, b"x" * 1_000_000)]
)
def test_a_certificate_that_cannot_be_had_lets_amazon_send_again(answer, bounced, ada, at):
    url = at(answer)
    assert tell(bounced, at=url) == 503
    assert outcome(ada) == ("", False)
    at((200, amazon().answers[f"/{GENUINE}"][1]))
    assert tell(bounced, at=url) == 200
    assert outcome(ada) == ("bounced", False)


def test_an_amazon_that_is_away_or_that_nobody_vouches_for_lets_it_send_again(bounced, ada, monkeypatch):
    with monkeypatch.context() as apart:
        apart.setenv("REQUESTS_CA_BUNDLE", requests.certs.where())
        assert tell(bounced) == 503
        apart.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        apart.setenv("https_proxy", "http://127.0.0.1:1")
        assert tell(bounced) == 503
    assert outcome(ada) == ("", False)
    assert tell(bounced) == 200


def test_raw_delivery_which_has_no_signature_is_refused(bounced, ada):
    headers = {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": "m", "x-amz-sns-rawdelivery": "true"}
    raw = json.loads(bounced["Message"])
    for body in (raw, {**raw, "Type": "Notification", "MessageId": "m"}):
        assert post("amazon_ses", body, **headers).status_code == 400
    assert outcome(ada) == ("", False)


# --- topics


@pytest.fixture
def named(settings):
    settings.ANYMAIL = {**settings.ANYMAIL, "AMAZON_SES_SNS_TOPICS": f"{TOPIC}, {TOPIC}-of-another"}


def asked_to_confirm():
    return [path for _host, path in amazon().asked if "ConfirmSubscription" in path]


def test_a_topic_waits_to_be_confirmed_by_hand(db):
    body, headers = subscription()
    with capture_logs() as logs:
        assert post("amazon_ses", body, **headers).status_code == 200
    [line] = [line for line in logs if line["event"] == "sns_subscription_waits"]
    assert (line["topic"], line["open"]) == (TOPIC, body["SubscribeURL"])
    assert not asked_to_confirm()


def test_a_topic_that_is_named_is_confirmed(named, db, at):
    at((200, b"<ConfirmSubscriptionResponse/>"), "/")
    body, headers = subscription()
    assert post("amazon_ses", body, **headers).status_code == 200
    [path] = asked_to_confirm()
    assert body["SubscribeURL"].endswith(path)


def test_a_confirmation_that_does_not_come_through_lets_amazon_ask_again(named, db, at):
    at((500, b""), "/")
    body, headers = subscription()
    assert post("amazon_ses", body, **headers).status_code == 503


@pytest.mark.parametrize(
    ("topic", "others"),
    [("arn:aws:sns:us-east-1:666666666666:theirs", {}), (TOPIC, {"SubscribeURL": "https://example.com/"})],
)
def test_a_foreign_topic_or_address_is_not(topic, others, named, db, at):
    at((200, b""), "/")
    body, headers = subscription(topic, **others)
    assert post("amazon_ses", body, **headers).status_code == 400
    assert not asked_to_confirm()


def test_a_forged_subscription_is_neither_confirmed_nor_logged(named, settings, db, at):
    at((200, b""), "/")
    body, headers = subscription()
    forged = {**body, "Token": "other"}
    assert post("amazon_ses", forged, **headers).status_code == 400
    settings.ANYMAIL = {**settings.ANYMAIL, "AMAZON_SES_SNS_TOPICS": ""}
    with capture_logs() as logs:
        assert post("amazon_ses", forged, **headers).status_code == 400
    assert not [line for line in logs if line["event"] == "sns_subscription_waits"]
    assert not asked_to_confirm()


def test_of_topics_that_are_named_only_those_are_heard(named, bounced, ada):
    theirs = {**bounced, "TopicArn": "arn:aws:sns:us-east-1:666666666666:theirs"}
    assert tell(theirs) == 400
    assert outcome(ada) == ("", False)
    assert tell(bounced) == 200
    assert outcome(ada) == ("bounced", False)


def test_the_end_of_a_subscription_is_heard_and_changes_nothing(db):
    body, headers = subscription(Type="UnsubscribeConfirmation")
    assert post("amazon_ses", body, **headers).status_code == 200
    assert post("amazon_ses", {**body, "Signature": "eA=="}, **headers).status_code == 400
