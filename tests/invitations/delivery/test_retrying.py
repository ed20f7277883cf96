"""An email that failed is tried again: by Admins, with the same link, not more often than a resend."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from invitations import tokens
from invitations.delivery.undeliverable import release_address, retry_delivery
from invitations.inviting import invite
from invitations.models import Delivery, Invitation, Kind, Outcome
from invitations.services import resend, revoke
from invitations.tasks import drain
from members.access import actor_for
from members.errors import (
    DomainError,
    InvalidRequest,
    InvitationNotPending,
    NotFound,
    PermissionDenied,
    RateLimited,
    Undeliverable,
)
from members.models import AuditEvent, Membership
from members.outbox.queue import State

ZOE = "zoe@new.example"


@pytest.fixture
def failed(as_alice) -> Delivery:
    """An invitation of some minutes ago, whose email the provider refused."""
    Delivery.objects.update(state=State.SENT)
    [answer] = invite(as_alice, [ZOE])
    Invitation.objects.filter(id=answer.invitation.id).update(sent_at=Now() - timedelta(minutes=5))
    Delivery.objects.filter(invitation=answer.invitation).update(
        state=State.FAILED, attempts=1, error="The mail provider refused the message.", error_code="http 422"
    )
    return Delivery.objects.get(invitation=answer.invitation)


def test_an_admin_tries_a_failed_email_again_with_the_same_link(as_alice, failed, mailoutbox):
    link = tokens.make(failed.invitation)
    retry_delivery(as_alice, failed.invitation_id)
    again = failed.invitation.deliveries.get()
    assert (again.id, again.state, again.attempts, again.error) == (failed.id, "queued", 0, "")
    drain()
    [message] = mailoutbox
    assert link in message.body
    assert message.extra_headers["Message-ID"] == failed.message_id
    event = AuditEvent.objects.get(action="invitation.mail_retried")
    assert (event.actor_label, event.target_label) == ("Alice Martin <alice@acme.example>", ZOE)


@pytest.mark.parametrize("who", ["as_bob", "as_carol"])
def test_nobody_else_does(who, failed, request):
    with pytest.raises(PermissionDenied):
        retry_delivery(request.getfixturevalue(who), failed.invitation_id)


def test_foreign_emails_do_not_exist(globex, dana, failed):
    with pytest.raises(NotFound):
        retry_delivery(actor_for(dana, "globex"), failed.invitation_id)


def test_twice_within_a_minute_is_refused_and_uses_nothing_up(as_alice, failed):
    retry_delivery(as_alice, failed.invitation_id)
    Delivery.objects.update(state=State.FAILED)
    with pytest.raises(RateLimited):
        retry_delivery(as_alice, failed.invitation_id)
    failed.refresh_from_db()
    assert failed.state == "failed"


def sent(failed, as_alice):
    Delivery.objects.update(state=State.SENT)


def resent(failed, as_alice):
    resend(as_alice, failed.invitation_id)
    Invitation.objects.update(sent_at=Now() - timedelta(minutes=5))


def expired(failed, as_alice):
    Membership.objects.filter(email=ZOE).update(expires_at=Now() - timedelta(days=1))


def revoked(failed, as_alice):
    revoke(as_alice, failed.invitation_id)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [(sent, InvalidRequest), (resent, InvalidRequest), (expired, InvalidRequest), (revoked, InvitationNotPending)],
)
def test_what_would_help_nobody_is_refused(as_alice, failed, change, refusal: type[DomainError]):
    change(failed, as_alice)
    with pytest.raises(refusal):
        retry_delivery(as_alice, failed.invitation_id)


def test_a_suppressed_address_is_refused_here_as_in_a_resend(as_alice, failed):
    bounced = Delivery.of_invitation(failed.invitation, Kind.REMINDER)
    bounced.outcome = Outcome.BOUNCED
    bounced.save()
    for again in (retry_delivery, resend):
        with pytest.raises(Undeliverable):
            again(as_alice, failed.invitation_id)
    release_address(as_alice, ZOE)
    retry_delivery(as_alice, failed.invitation_id)
    failed.refresh_from_db()
    assert failed.state == "queued"
