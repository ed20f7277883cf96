"""What providers tell: under a secret, once, in any order, of nobody else's mail."""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db.models.functions import Now
from django.test import Client

from invitations.delivery.provider_events import MOST
from invitations.models import Delivery, DeliveryEvent
from members.access import actor_for
from members.models import AccountMail
from members.outbox.queue import State
from tests.invitations.delivery.payloads import (
    PROVIDERS,
    SECRET,
    T0,
    by_amazon,
    mailgun,
    outcome,
    post,
    postmark,
    sendgrid,
    sent,
    ses,
    told,
)
from tests.racing import race
from workspace_admin.configuration import webhook_secret

pytestmark = pytest.mark.usefixtures("telling")


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


@pytest.mark.django_db(transaction=True)
def test_told_by_many_at_once_it_is_noted_once_and_the_heaviest_stands(ada):
    kinds = ["delivered", "bounced", "complained", "soft"] * 8
    results = race(*[lambda kind=kind: told("postmark", kind, ada).status_code for kind in kinds])
    assert set(results) == {200}
    assert outcome(ada) == ("complained", False)
    assert ada.events.count() == 4


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


def test_an_event_that_names_one_mail_and_carries_anothers_row_and_recipient_changes_neither(ada, as_alice):
    ben = sent(as_alice, "ben@example.com")
    body, _ = postmark("bounced", ada.provider_message_id, ben.recipient, T0, metadata={"mail": str(ben.id)})
    assert post("postmark", body).status_code == 200
    assert (outcome(ada), outcome(ben)) == (("", False), ("", False))
    body, _ = postmark("bounced", ben.provider_message_id, ben.recipient, T0, metadata={"mail": str(ben.id)})
    assert post("postmark", body).status_code == 200
    assert outcome(ben) == ("bounced", False), "told of one mail by all its names, it is believed"


def test_a_row_of_another_mail_than_the_one_named_is_not_believed(ada, as_alice):
    ben = sent(as_alice, "ben@example.com")
    body, _ = postmark("bounced", ada.provider_message_id, ada.recipient, T0, metadata={"mail": str(ben.id)})
    assert post("postmark", body).status_code == 200
    assert (outcome(ada), outcome(ben)) == (("", False), ("", False))


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


def failing(mail, words: str = "Rendering failed"):
    body, headers = ses("failed", mail.provider_message_id, getattr(mail, "recipient", "") or mail.email, T0)
    message = json.loads(body["Message"])
    message["failure"]["errorMessage"] = words
    body, _ = by_amazon({**body, "Message": json.dumps(message)})
    return post("amazon_ses", body, **headers)


def test_of_a_mail_of_unknown_fate_the_provider_tells_that_it_failed(as_alice):
    lost = sent(as_alice, state=State.UNKNOWN, provider_message_id="lost", error_code="died")
    assert failing(lost, "ü" * 400).status_code == 200
    lost.refresh_from_db()
    assert (lost.state, lost.error_code, lost.error) == ("failed", "provider", "ü" * 200)


def test_mail_about_an_account_fails_and_arrives_as_the_provider_tells(db):
    lost = {"kind": "notice", "state": State.UNKNOWN, "email": "ada@example.com", "provider_message_id": "account"}
    mail = AccountMail.objects.create(**lost)
    bystander = AccountMail.objects.create(**{**lost, "email": "eve@example.com"})
    failing(mail)
    mail.refresh_from_db()
    assert (mail.state, mail.error) == ("failed", "Rendering failed")
    told("amazon_ses", "delivered", SimpleNamespace(provider_message_id="account", recipient=mail.email))
    mail.refresh_from_db()
    assert (mail.state, mail.error) == ("sent", "")
    bystander.refresh_from_db()
    assert bystander.state == "unknown"


def test_what_a_provider_says_over_and_over_is_kept_a_few_times_and_hides_nothing(ada):
    for minute in range(MOST + 5):
        told("postmark", "delivered", ada, at=T0 + timedelta(minutes=minute))
    assert ada.events.count() == MOST
    told("postmark", "bounced", ada, at=T0)
    assert outcome(ada) == ("bounced", False)


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
