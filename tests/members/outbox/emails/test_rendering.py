"""What stands in the mails, in both parts and languages, and when they do not leave at all."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from invitations import tokens
from invitations.delivery.emails import render
from invitations.inviting import invite
from invitations.models import Delivery, Invitation, Kind
from invitations.services import resend, revoke
from members.templatetags.mail import WORD_JOINER, unlinked
from workspace_admin.management.commands.compile_emails import FOLDER, compiled, sources

ZOE = "zoe@new.example"
LINK = re.compile(r'href="([^"]+)"')


@pytest.fixture
def invited(as_alice):
    def make(**values) -> Delivery:
        [answer] = invite(as_alice, [ZOE], **{"products": ["le-chat-team"], **values})
        assert answer.error is None
        return Delivery.objects.get(invitation=answer.invitation, kind=Kind.INVITATION)

    return make


def _html(message) -> str:
    [part] = message.alternatives
    return part[0]


@pytest.mark.parametrize("source", sources(), ids=lambda path: path.stem)
def test_committed_html_is_what_the_source_compiles_to(source):
    assert source.with_suffix(".html").read_text() == compiled(source)


@pytest.mark.parametrize("source", sources(), ids=lambda path: path.stem)
def test_every_mail_has_its_three_parts(source):
    assert all((FOLDER / f"{source.stem}{part}").exists() for part in (".html", ".txt", ".subject.txt"))


def test_invitation_says_who_where_as_what_and_until_when(invited):
    delivery = invited(role="billing", note="See you on Monday")
    message = render(delivery)
    assert message.subject == "Alice Martin invited you to Acme"
    assert message.to == [ZOE]
    until = delivery.invitation.expires_at
    for part in (message.body, _html(message)):
        for words in ("Alice Martin", "Acme", "Billing", "le Chat Team", "See you on Monday", f"{until:%Y, %H:%M} UTC"):
            assert words in part


def test_invitation_has_one_button_and_its_link_in_words(invited, settings):
    delivery = invited()
    message = render(delivery)
    url = settings.BASE_URL + reverse("join-link", args=[tokens.make(delivery.invitation)])
    assert LINK.findall(_html(message)) == [url]
    assert f">{url}</span>" in _html(message)
    assert url in message.body


def test_invitation_speaks_the_language_of_the_invitee(invited):
    message = render(invited(language="fr", role="member"))
    assert message.subject == "Alice Martin vous invite à rejoindre Acme"
    assert "Membre" in message.body
    assert 'lang="fr"' in _html(message)


def test_names_are_escaped_and_no_links(invited, alice, acme):
    acme.name = "<b>https://evil.example/x</b>"
    acme.save()
    message = render(invited(note="<script>\nhttp://evil.example"))
    for part in (message.body, _html(message)):
        assert "evil.example" not in part
        assert "http://evil" not in part
    assert "<b>" not in _html(message)
    assert "<script>" not in _html(message)
    assert len(LINK.findall(_html(message))) == 1


def test_a_subject_is_one_line(invited, acme):
    acme.name = "Acme\nBcc: x@evil.example"
    acme.save()
    assert "\n" not in render(invited()).subject


@pytest.mark.parametrize("name", ["evil.com", "https://evil.com", "www.evil.com/a", "evil。com"])
def test_unlinked_text_looks_the_same_and_holds_no_host(name):
    assert unlinked(name).replace(WORD_JOINER, "") == name
    assert not re.search(r"\w[.。]\w|://", unlinked(name))


def test_a_second_try_is_the_same_message(invited):
    delivery = invited()
    first, second = render(delivery), render(Delivery.objects.get(pk=delivery.pk))
    assert first.extra_headers == second.extra_headers
    assert (first.body, _html(first)) == (second.body, _html(second))
    assert first.extra_headers["Message-ID"] == delivery.message_id
    assert first.extra_headers["Auto-Submitted"] == "auto-generated"


def test_tracking_is_off(invited):
    message = render(invited())
    assert (message.track_opens, message.track_clicks) == (False, False)


def test_the_mail_of_a_revoked_invitation_stays(invited, as_alice):
    delivery = invited()
    assert render(delivery)
    revoke(as_alice, delivery.invitation_id)
    assert render(Delivery.objects.get(pk=delivery.pk)) is None


def test_the_mail_of_an_older_sending_stays(invited, as_alice):
    delivery = invited()
    Invitation.objects.update(sent_at=Now() - timedelta(minutes=5))
    resend(as_alice, delivery.invitation_id)
    assert render(Delivery.objects.get(pk=delivery.pk)) is None
    newest = Delivery.objects.get(invitation=delivery.invitation_id, generation=2)
    assert render(newest)


def test_the_mail_of_an_expired_invitation_stays(invited, acme):
    delivery = invited()
    acme.memberships.filter(email=ZOE).update(expires_at=Now() - timedelta(seconds=1))
    assert render(Delivery.objects.get(pk=delivery.pk)) is None


@pytest.fixture
def asked(invited, acme):
    """Zoe's invitation is over, and Alice is told that she asked again."""
    invitation = invited().invitation
    acme.memberships.filter(email=ZOE).update(expires_at=Now() - timedelta(days=1))
    return Delivery.objects.create(
        workspace=acme, invitation=invitation, generation=1, kind=Kind.ASKED, recipient="alice@acme.example"
    )


def test_admins_are_told_who_asks_for_a_new_link(asked, settings):
    message = render(asked)
    assert message.subject == f"{ZOE} asked for a new link"
    assert LINK.findall(_html(message)) == [settings.BASE_URL + "/w/acme/members/"]


def test_whoever_is_no_admin_any_more_is_not_told(asked, acme):
    asked.recipient = "bob@acme.example"
    assert render(asked) is None


def test_the_inviter_is_told_who_joined(acme):
    delivery = Delivery.objects.filter(workspace=acme, kind=Kind.JOINED, invitation__email="bob@acme.example").get()
    assert render(delivery).subject == "Bob Keller joined Acme"
    acme.memberships.filter(email="bob@acme.example").delete()
    assert render(Delivery.objects.get(pk=delivery.pk)) is None
