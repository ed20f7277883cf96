"""Reminders: once for each sending, two days before its end, with the same link, and only while that is true."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from billing_seats.models import Plan
from invitations import tasks, tokens
from invitations.delivery.emails import render
from invitations.delivery.reminders import due, remind
from invitations.inviting import invite
from invitations.join import services
from invitations.models import Delivery, Invitation, Kind
from invitations.offers import offer_for
from invitations.services import resend, revoke
from members.models import Membership
from tests.racing import race, refused
from workspace_admin.celery import app

REMINDERS = Delivery.objects.filter(kind=Kind.REMINDER)


def ends_in(invitation, **left):
    """Let time pass until so much is left of the offer."""
    past = invitation.expires_at - timedelta(**left)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        passed = past - cursor.fetchone()[0]
    for rows in (Invitation.objects.filter(id=invitation.id), Membership.objects.filter(id=invitation.membership_id)):
        rows.update(expires_at=invitation.expires_at - passed)
    Invitation.objects.filter(id=invitation.id).update(sent_at=invitation.sent_at - passed)
    invitation.refresh_from_db()


@pytest.fixture
def invited(as_alice):
    def make(email="ada@example.com", **terms) -> Invitation:
        [answer] = invite(as_alice, [email], **terms)
        return answer.invitation

    return make


@pytest.fixture
def ending(invited) -> Invitation:
    """Ada's offer of seven days, with less than two of them left; its email has left."""
    invitation = invited()
    tasks.drain()
    ends_in(invitation, days=2, minutes=-1)
    return invitation


def sent(mailoutbox):
    """Send what is due, and answer what was sent to Ada."""
    mailoutbox.clear()
    tasks.drain()
    return [message for message in mailoutbox if message.to == ["ada@example.com"]]


def test_two_days_before_the_end_one_reminder_goes_out_with_the_same_link(ending, mailoutbox, settings):
    assert (remind(), remind()) == (1, 0)
    [message] = sent(mailoutbox)
    assert message.subject == "Reminder: your invitation to Acme is about to expire"
    link = f"{settings.BASE_URL}/join/{tokens.make(ending)}/"
    for part in (message.body, message.alternatives[0][0]):
        assert link in part
        assert "Alice Martin invited you to Acme" in part
        assert f"{ending.expires_at:%Y, %H:%M} UTC" in part
    assert REMINDERS.get().sender_id is None


def test_it_speaks_the_invitees_language(invited):
    invitation = invited(language="fr")
    ends_in(invitation, days=1)
    remind()
    message = render(REMINDERS.get())
    assert message.subject == "Rappel : votre invitation à rejoindre Acme expire bientôt"
    assert 'lang="fr"' in message.alternatives[0][0]


@pytest.mark.parametrize(
    ("days", "left", "reminded"),
    [
        (7, {"days": 2, "minutes": 1}, 0),
        (7, {"days": 2, "minutes": -1}, 1),
        (3, {"days": 2, "minutes": -1}, 1),
        (3, {"minutes": 1}, 1),
        (2, {"days": 1}, 0),
        (1, {"hours": 1}, 0),
        (7, {"minutes": -1}, 0),
    ],
)
def test_offers_of_three_days_or_more_are_reminded_of_in_their_last_two(days, left, reminded, invited):
    ends_in(invited(days=days), **left)
    assert remind() == reminded


def test_a_workspace_may_turn_them_off(ending, acme):
    acme.reminders = False
    acme.save()
    assert remind() == 0


@pytest.mark.parametrize("end", ["accepted", "revoked", "resent", "turned off", "expired", "erased"])
def test_what_happened_meanwhile_calls_it_off(end, ending, as_alice, acme, person, mailoutbox):
    remind()
    if end == "accepted":
        services.accept(offer_for(tokens.make(ending)), person("ada@example.com"))
    elif end == "revoked":
        revoke(as_alice, ending.id)
    elif end == "resent":
        resend(as_alice, ending.id)
    elif end == "turned off":
        type(acme).objects.filter(id=acme.id).update(reminders=False)
    elif end == "expired":
        Membership.objects.filter(id=ending.membership_id).update(expires_at=Now())
    else:
        acme.memberships.filter(id=ending.membership_id).delete()
    assert [one.subject for one in sent(mailoutbox) if one.subject.startswith("Reminder")] == []
    assert REMINDERS.get().state == "cancelled"


def test_a_resent_offer_is_reminded_of_again_in_its_own_time(ending, as_alice):
    remind()
    again = resend(as_alice, ending.id)
    assert remind() == 0
    ends_in(again, days=1)
    assert remind() == 1
    assert sorted(REMINDERS.values_list("generation", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    ("outcome", "soft", "reminded"), [("bounced", False, 0), ("bounced", True, 1), ("delivered", False, 1)]
)
def test_who_cannot_receive_mail_is_not_reminded(outcome, soft, reminded, ending):
    Delivery.objects.update(outcome=outcome, soft=soft)
    assert remind() == reminded


def test_a_plan_without_invitations_reminds_nobody(ending, acme):
    acme.subscription.plan = Plan.FREE
    acme.subscription.save()
    assert remind() == 0


def test_a_crowd_is_reminded_in_few_statements(as_alice, acme, django_assert_max_num_queries):
    invite(as_alice, [f"p{n}@example.com" for n in range(300)])
    past = Now() - timedelta(days=6)
    Invitation.objects.filter(workspace=acme, status="pending").update(
        sent_at=past, expires_at=Now() + timedelta(days=1)
    )
    with django_assert_max_num_queries(8):
        assert remind() == 300


def test_the_offers_that_end_are_found_by_an_index(ending, acme):
    # They are pending too: among ended ones the index that keeps an address to one offer would be as short a way.
    later = {"role": "member", "expires_at": ending.expires_at + timedelta(days=6)}
    Invitation.objects.bulk_create(Invitation(workspace=acme, email=f"p{n}@example.com", **later) for n in range(5_000))
    with connection.cursor() as cursor:
        # Of all tables: statistics that others' tests left behind would make some other way look shorter.
        cursor.execute("ANALYZE")
    assert "invitation_ending" in due().explain()


def test_beat_asks_every_minute():
    entry = app.conf.beat_schedule["invitations.tasks.remind"]
    assert (entry["schedule"], entry["options"]["expires"]) == (60.0, 60.0)


@pytest.mark.django_db(transaction=True)
def test_many_beats_make_one_reminder(as_alice, acme):
    invite(as_alice, [f"p{n}@example.com" for n in range(40)])
    past = Now() - timedelta(days=6)
    Invitation.objects.filter(workspace=acme, status="pending").update(
        sent_at=past, expires_at=Now() + timedelta(days=1)
    )
    assert refused(race(*[remind] * 10)) == []
    assert REMINDERS.count() == 40
