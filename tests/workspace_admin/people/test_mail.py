"""What a row offers when its email did not arrive; and how a refusal says how long to wait."""

import re

import pytest
from django.db.models.functions import Now

from invitations.models import Delivery, Invitation


@pytest.fixture
def became(ask_to_join):
    """Invite Ada, and let something become of the email; answer the invitation."""

    def make(**values) -> Invitation:
        ask_to_join("ada@new.example")
        invitation = Invitation.objects.get(email="ada@new.example")
        Delivery.objects.filter(invitation=invitation).update(**{"sent_at": Now(), "state": "sent", **values})
        return invitation

    return make


def test_a_bounced_one_offers_to_fix_the_address(became, plain):
    invitation = became(outcome="bounced", outcome_at=Now())
    page = plain.get("/w/acme/members/").content.decode()
    assert f'href="/w/acme/invitations/{invitation.id}/address/"' in page
    assert plain.get(f"/w/acme/invitations/{invitation.id}/address/").status_code == 200


@pytest.mark.parametrize(
    ("became_", "chip", "menu"),
    [
        ({"outcome": "bounced"}, "Bounced", "bounced"),
        ({"outcome": "complained"}, "Bounced", "bounced"),
        ({"outcome": "bounced", "soft": True}, "Invited", "offer"),
        ({"outcome": "bounced", "released_at": Now()}, "Invited", "offer"),
        ({"outcome": "delivered"}, "Invited", "offer"),
    ],
)
def test_resend_is_offered_unless_it_would_be_refused(became, htmx, plain, became_, chip, menu):
    invitation = became(outcome_at=Now(), **became_)
    Invitation.objects.filter(id=invitation.id).update(sent_at="2026-01-01T00:00:00Z")
    [row] = [row for row in plain.get("/w/acme/members/").context["rows"] if row.email == invitation.email]
    assert (row.status_label, row.menu) == (chip, menu)
    drawer = plain.get(f"/w/acme/members/{invitation.membership_id}/").content.decode()
    fixed = f"/w/acme/invitations/{invitation.id}/address/" in drawer
    assert ("Resend invite" in drawer, fixed) == (menu == "offer", menu == "bounced")
    refused = htmx.post(f"/w/acme/invitations/{invitation.id}/resend/").status_code == 409
    assert refused == (menu == "bounced")


def test_a_failed_one_offers_to_try_again(became, htmx, plain):
    invitation = became(state="failed", sent_at=None)
    Invitation.objects.filter(id=invitation.id).update(sent_at="2026-01-01T00:00:00Z")
    link = f"/w/acme/invitations/{invitation.id}/retry/"
    assert link in plain.get("/w/acme/members/").content.decode()
    done = htmx.post(link)
    assert b"Sending the email again" in done.content
    assert Delivery.objects.get(invitation=invitation).state == "queued"
    assert htmx.post(link).status_code == 400, "it has not failed again"


def test_one_that_arrived_offers_neither(became, plain):
    invitation = became(outcome="delivered", outcome_at=Now())
    page = plain.get("/w/acme/members/").content.decode()
    assert f"/w/acme/invitations/{invitation.id}/address/" not in page
    assert f"/w/acme/invitations/{invitation.id}/retry/" not in page


def test_whoever_may_only_read_is_offered_neither(became, acme, carol, client_for):
    became(outcome="bounced", outcome_at=Now())
    page = client_for(carol).get("/w/acme/members/").content.decode()
    assert "Bounced" in page
    assert "/address/" not in page


def test_too_soon_is_said_in_words_and_counted_down(ask_to_join, htmx):
    ask_to_join("ada@new.example")
    invitation = Invitation.objects.get(email="ada@new.example")
    refused = htmx.post(f"/w/acme/invitations/{invitation.id}/resend/")
    told = refused.content.decode()
    assert refused.status_code == 429
    assert re.search(r"Try again in \d+ seconds", told)
    assert 0 < int(re.search(r'data-countdown="(\d+)"', told)[1]) <= 60
    assert int(refused["Retry-After"]) <= 60


def test_a_limit_is_said_beside_each_address(ask_to_join, settings, acme):
    settings.MAILS_PER_WORKSPACE = Delivery.objects.filter(workspace=acme, kind="invitation").count() + 1
    told = ask_to_join("ada@new.example ben@new.example").content.decode()
    assert "This workspace has sent" in told
    assert told.count("data-countdown=") == 1


def test_a_held_back_address_can_be_released_beside_its_refusal(became, ask_to_join, htmx):
    invitation = became(outcome="bounced", outcome_at=Now())
    htmx.post(f"/w/acme/invitations/{invitation.id}/revocation/")
    told = ask_to_join("ada@new.example").content.decode()
    assert 'formaction="/w/acme/held-addresses/release/"' in told
    assert 'value="ada@new.example"' in told
