"""The timeline of an invitation: whole, in few statements, to Admins; people told from scanners."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from invitations import tokens
from invitations.delivery.reminders import remind
from invitations.delivery.timeline import timeline_of
from invitations.delivery.undeliverable import release_address
from invitations.inviting import invite
from invitations.join import link_openings, services
from invitations.models import Delivery, DeliveryEvent, Invitation, Kind, LinkOpening
from invitations.offers import offer_for
from invitations.services import resend, revoke
from members.access import actor_for
from members.errors import NotFound, PermissionDenied
from members.models import Membership
from tests.invitations.delivery.payloads import T0, told
from tests.performance.test_query_counts import count
from tests.racing import race, refused

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


def kinds(actor, invitation) -> list[str]:
    return [entry.kind for entry in timeline_of(actor, invitation.id).entries]


def opened(invitation, *, agent=BROWSER, method="get", goes_on=True):
    client = Client(headers={"user-agent": agent})
    response = getattr(client, method)(f"/join/{tokens.make(invitation)}/")
    if goes_on:
        client.get(response["Location"])


@pytest.fixture
def offer(as_alice) -> Invitation:
    """Ada is invited; the email left two minutes ago."""
    [answer] = invite(as_alice, ["ada@example.com"])
    past = Now() - timedelta(minutes=2)
    Delivery.objects.filter(invitation=answer.invitation).update(
        state="sent", sent_at=past + timedelta(seconds=3), created_at=past
    )
    Invitation.objects.filter(id=answer.invitation.id).update(sent_at=past, created_at=past)
    return Invitation.objects.get(id=answer.invitation.id)


def test_it_is_told_from_the_invitation_to_the_end(offer, as_alice, person):
    Delivery.objects.filter(invitation=offer).update(outcome="delivered", outcome_at=Now() - timedelta(minutes=1))
    opened(offer)
    resend(as_alice, offer.id)
    Delivery.objects.filter(invitation=offer, generation=2).update(state="sent", sent_at=Now())
    offer.refresh_from_db()
    services.accept(offer_for(tokens.make(offer)), person("ada@example.com"))
    assert kinds(as_alice, offer) == ["invited", "sent", "delivered", "opened", "resent", "sent", "accepted"]


@pytest.mark.usefixtures("telling")
def test_what_the_provider_tells_is_shown_in_its_words(offer, as_alice):
    Delivery.objects.filter(invitation=offer).update(provider_message_id="<x>")
    mail = Delivery.objects.get(invitation=offer)
    for kind in ("delayed", "soft", "bounced", "complained"):
        told("postmark", kind, mail, T0)
    entries = {entry.kind: entry for entry in timeline_of(as_alice, offer.id).entries}
    assert list(entries) == ["delayed", "returned", "bounced", "complained", "invited", "sent"]
    assert "550 5.1.1" in entries["bounced"].detail
    assert entries["bounced"].tone == "bad"


@pytest.mark.parametrize(
    ("state", "error", "shown"),
    [
        ("queued", "The mail provider could not be reached.", "queued"),
        ("failed", "The address was refused. Check how it is spelt.", "failed"),
        ("cancelled", "", "cancelled"),
        ("unknown", "The mail provider did not answer: the message may have left or not.", "unknown"),
    ],
)
def test_where_an_email_stands_is_said_with_the_reason(state, error, shown, offer, as_alice):
    Delivery.objects.filter(invitation=offer).update(state=state, error=error, sent_at=None)
    [entry] = [entry for entry in timeline_of(as_alice, offer.id).entries if entry.kind == shown]
    assert entry.detail == error


def test_reminder_question_release_and_ends_are_in_it(offer, as_alice):
    ends = Now() + timedelta(days=1)
    Invitation.objects.filter(id=offer.id).update(expires_at=ends, sent_at=Now() - timedelta(days=6))
    remind()
    Delivery.objects.filter(kind=Kind.REMINDER).update(state="sent", sent_at=Now())
    Membership.objects.filter(id=offer.membership_id).update(expires_at=Now())
    services.ask_for_new_link(offer_for(tokens.make(offer)))
    Delivery.objects.filter(invitation=offer, kind=Kind.INVITATION).update(outcome="bounced", outcome_at=Now())
    release_address(as_alice, "ada@example.com")
    revoke(as_alice, offer.id)
    entries = timeline_of(as_alice, offer.id).entries
    assert [entry.kind for entry in entries] == ["invited", "sent", "sent", "asked", "bounced", "released", "revoked"]
    assert entries[2].text == "Reminder: Email sent"


def test_an_expired_offer_says_so(offer, as_alice):
    past = Now() - timedelta(minutes=1)
    Invitation.objects.filter(id=offer.id).update(expires_at=past)
    assert kinds(as_alice, offer)[-1] == "expired"


def test_it_costs_the_same_however_long_it_is(offer, as_alice, acme):
    few = count(lambda: timeline_of(as_alice, offer.id))
    mail = Delivery.objects.get(invitation=offer)
    DeliveryEvent.objects.bulk_create(
        DeliveryEvent(workspace=acme, delivery=mail, type="delayed", at=T0 + timedelta(minutes=n)) for n in range(40)
    )
    for n in range(5):
        Delivery.objects.create(
            workspace=acme, invitation=offer, generation=n + 2, kind="invitation", recipient="a@b.example"
        )
        opened(offer)
    assert few == count(lambda: timeline_of(as_alice, offer.id)) == 4


def test_only_admins_see_it_and_only_their_own(offer, as_bob, as_carol, globex, dana):
    for who in (as_bob, as_carol):
        with pytest.raises(PermissionDenied):
            timeline_of(who, offer.id)
    with pytest.raises(NotFound):
        timeline_of(actor_for(dana, "globex"), offer.id)


# --- openings


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ({}, "opened"),
        ({"goes_on": False}, "scanned"),
        ({"method": "head", "goes_on": False}, "scanned"),
        ({"agent": ""}, "scanned"),
        ({"agent": "python-requests/2.32"}, "scanned"),
        ({"agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, "scanned"),
        ({"agent": "Mozilla/5.0 (Windows NT 10.0) HeadlessChrome/140.0.0.0 Safari/537.36"}, "scanned"),
        ({"agent": "Mozilla/5.0 BingPreview/1.0b"}, "scanned"),
        ({"agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148 Safari/604.1"}, "opened"),
    ],
)
def test_people_are_told_from_scanners(how, kind, offer, as_alice):
    opened(offer, **how)
    assert kinds(as_alice, offer)[-1] == kind


def test_what_is_opened_as_the_mail_arrives_is_a_scanners(offer, as_alice):
    Delivery.objects.filter(invitation=offer).update(sent_at=Now() - timedelta(seconds=3))
    opened(offer)
    assert kinds(as_alice, offer)[-1] == "scanned"


def test_opening_changes_nothing_else(offer):
    before = (
        Invitation.objects.filter(id=offer.id).values().get(),
        Membership.objects.values().get(id=offer.membership_id),
    )
    for method in ("head", "get"):
        opened(offer, method=method)
    after = (
        Invitation.objects.filter(id=offer.id).values().get(),
        Membership.objects.values().get(id=offer.membership_id),
    )
    assert before == after


def test_no_token_stands_in_a_note(offer):
    opened(offer, agent=f"x {'y' * 300}\x00\n{tokens.make(offer)}")
    note = LinkOpening.objects.get()
    assert len(note.agent) <= 200
    assert tokens.make(offer) not in str(vars(note))


def test_a_bounded_number_is_kept(offer, monkeypatch):
    monkeypatch.setattr(link_openings, "MOST", 3)
    for _ in range(6):
        opened(offer)
    assert sorted(LinkOpening.objects.values_list("number", flat=True)) == [1, 2, 3]


def test_dead_links_leave_no_note(offer, as_alice):
    link = f"/join/{tokens.make(offer)}/"
    revoke(as_alice, offer.id)
    assert Client().get(link).status_code == 404
    assert not LinkOpening.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_open_it_and_none_is_kept_waiting_or_fails(as_alice, acme):
    [answer] = invite(as_alice, ["ada@example.com"])
    link = f"/join/{tokens.make(answer.invitation)}/"
    results = race(*[lambda: Client().get(link).status_code] * 50)
    assert refused(results) == []
    assert set(results) == {302}
    assert 1 <= LinkOpening.objects.count() <= link_openings.MOST


# --- the page


def path(offer):
    return f"/w/acme/invitations/{offer.id}/deliveries/"


def test_the_page_shows_it_and_htmx_gets_the_part(offer, alice, client_for):
    page = client_for(alice).get(path(offer)).content.decode()
    assert "<!DOCTYPE html>" in page
    assert "Email sent" in page
    part = client_for(alice).get(path(offer), headers={"HX-Request": "true", "HX-Target": "mail"}).content.decode()
    assert part.lstrip().startswith('<div class="timeline"')
    sheet = client_for(alice).get(path(offer), headers={"HX-Request": "true", "HX-Target": "dialog"}).content.decode()
    assert 'id="dialog-title"' in sheet


def test_a_held_back_address_is_released_there(offer, alice, client_for):
    Delivery.objects.filter(invitation=offer).update(outcome="bounced", outcome_at=Now())
    client = client_for(alice)
    page = client.get(path(offer)).content.decode()
    assert "Send anyway" in page
    assert f"/w/acme/invitations/{offer.id}/address/" in page
    done = client.post(f"/w/acme/invitations/{offer.id}/address/release/", follow=True).content.decode()
    assert "Emails can be sent to this address again." in done
    assert "Send anyway" not in done


def test_a_failed_email_is_tried_again_there(offer, alice, client_for):
    Delivery.objects.filter(invitation=offer).update(state="failed", sent_at=None)
    mail = Delivery.objects.get(invitation=offer)
    client = client_for(alice)
    link = f"/w/acme/invitations/{offer.id}/deliveries/retry/"
    assert link in client.get(path(offer)).content.decode()
    assert "sending the email again" in client.post(link, follow=True).content.decode()
    mail.refresh_from_db()
    assert mail.state == "queued"


def test_the_provider_words_are_shown_as_text(offer, alice, client_for, acme):
    mail = Delivery.objects.get(invitation=offer)
    DeliveryEvent.objects.create(
        workspace=acme, delivery=mail, type="bounced", at=T0, detail="<b>gone</b> http://evil.example"
    )
    page = client_for(alice).get(path(offer)).content.decode()
    assert "&lt;b&gt;gone&lt;/b&gt;" in page
    assert 'href="http://evil' not in page


def test_the_address_is_fixed_in_the_dialog(offer, alice, client_for, acme):
    client = client_for(alice, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/w/acme/members/"})
    link = f"/w/acme/invitations/{offer.id}/address/"
    assert b'value="ada@example.com"' in client.get(link).content
    refused_ = client.post(link, {"email": "bob@acme.example"})
    assert (refused_.status_code, b"already a member" in refused_.content) == (409, True)
    done = client.post(link, {"email": "right@example.com"})
    assert done["HX-Retarget"] == "#people"
    assert b"New invitation sent to right@example.com" in done.content
    assert acme.memberships.filter(email="right@example.com").exists()


def test_it_is_fixed_without_javascript_too(offer, alice, client_for, acme):
    client = client_for(alice)
    link = f"/w/acme/invitations/{offer.id}/address/"
    assert b"<!DOCTYPE html>" in client.get(link).content
    assert client.post(link, {"email": "nonsense"}).status_code == 400
    assert client.post(link, {"email": "right@example.com"}).status_code == 302
    assert client.get(link).status_code == 409


def test_a_refused_address_is_released_in_the_invite_dialog(offer, as_alice, alice, client_for):
    Delivery.objects.filter(invitation=offer).update(outcome="complained")
    revoke(as_alice, offer.id)
    client = client_for(alice, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/w/acme/members/"})
    form = {"email": "ada@example.com", "role": "member", "days": "7"}
    asked = client.post("/w/acme/members/invite/", form).content.decode()
    assert "was marked as spam" in asked
    released = client.post("/w/acme/held-addresses/release/", {**form, "address": "ada@example.com"})
    assert b"can be sent to this address again" in released.content
    assert "Invitation sent to ada@example.com" in client.post("/w/acme/members/invite/", form).content.decode()


# --- the API


def test_the_api_lists_the_emails_with_what_is_told_of_them(offer, alice, client_for, acme, as_alice):
    mail = Delivery.objects.get(invitation=offer)
    DeliveryEvent.objects.create(workspace=acme, delivery=mail, type="bounced", at=T0, detail="550 5.1.1")
    Delivery.objects.update(outcome="bounced", outcome_at=T0)
    resend_ok = Delivery.objects.filter(id=mail.id).update(released_at=Now())
    assert resend_ok
    resend(as_alice, offer.id)
    answer = client_for(alice).get(f"/api/v1/workspaces/acme/invitations/{offer.id}/deliveries").json()
    assert (answer["next_cursor"], len(answer["data"])) == (None, 2)
    newest, oldest = answer["data"]
    assert (newest["kind"], newest["status"], newest["events"]) == ("invitation", "queued", [])
    assert (oldest["status"], oldest["recipient"]) == ("bounced", "ada@example.com")
    assert oldest["events"] == [{"type": "bounced", "at": T0.isoformat().replace("+00:00", "Z"), "detail": "550 5.1.1"}]
    assert tokens.make(Invitation.objects.get(id=offer.id)) not in str(answer)
