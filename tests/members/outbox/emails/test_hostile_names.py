"""Whatever people call themselves, their workspace or a product: it stays text on one line, and never becomes a link.

The doors refuse most of these names; the mails do not count on it.
"""

import re
import unicodedata
from email import message_from_bytes

import pytest

from billing_seats.models import Product
from invitations.delivery.emails import render
from invitations.inviting import invite
from invitations.models import Delivery, Invitation, Kind
from members.templatetags.mail import WORD_JOINER

HOSTILE = {
    "markup": '<a href="https://evil.example">Click</a><script>alert(1)</script>',
    "attribute": '" onmouseover="x" href="https://evil.example',
    "address": "https://evil.example/path?x=1",
    "host": "www.evil.example",
    "ideographic": "evil。example",
    "mail": "billing@evil.example",
    "scheme": "javascript:alert(document.cookie)",
    "header": "Alice\r\nBcc: victim@evil.example\r\n\r\n<h1>Hello</h1>",
    "separator": "Alice\u2028Bcc: victim@evil.example\u0085x\x0b\x0cy",
    "control": "Alice\x07\x1b[31m\x08red",
    "override": "Alice \u202egnp.elpmaxe.live\u202c",
    "isolate": "Alice \u2067\u2066 unclosed",
    "template": "{{ url }}{% load i18n %}{% now 'Y' %}",
    "placeholder": "%(workspace)s %s {0}",
}
SAFE_URL = re.compile(r'href="([^"]*)"')
LINKED = re.compile(r"(?:https?://|www\.|mailto:|javascript:)|\b[\w-]+\.example\b|[\w.]+@[\w.]+")
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.fixture
def mails(as_alice, acme, alice):
    """Make the invitation's, the reminder's and the joined mail under these names; answer each with its own links."""

    def make(name: str, language: str) -> list[tuple[object, str]]:
        [answer] = invite(as_alice, ["zoe@new.test"], products=["le-chat-team"], language=language, note="x")
        Product.objects.filter(slug="le-chat-team").update(name=name[:100])
        type(acme).objects.filter(id=acme.id).update(name=name[:100])
        Invitation.objects.filter(id=answer.invitation.id).update(invited_by_name=name, note=name)
        acme.memberships.filter(email="bob@acme.example").update(name=name[:100])
        told = Delivery.objects.filter(kind=Kind.JOINED, invitation__email="bob@acme.example")
        told.update(language=language)
        Delivery.objects.create(
            workspace=acme,
            invitation=answer.invitation,
            generation=1,
            kind=Kind.REMINDER,
            recipient="zoe@new.test",
            language=language,
        )
        rows = Delivery.objects.filter(invitation=answer.invitation) | told
        return [(message, row.kind) for row in rows if (message := render(row)) is not None]

    return make


def visible(message) -> tuple[str, str]:
    """Return text and HTML without the console's own links and addresses; what is left came from the names."""
    html = message.alternatives[0][0]
    urls = set(SAFE_URL.findall(html))
    texts = []
    for part in (message.body, html.partition("<body")[2]):
        text = part
        for own in (*urls, "zoe@new.test", "bob@acme.example", "alice@acme.example"):
            text = text.replace(own, "")
        texts.append(text)
    return texts[0], texts[1]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_name_is_text_and_nothing_else(name, language, mails, settings):
    made = mails(name, language)
    assert {kind for _message, kind in made} == {Kind.INVITATION, Kind.REMINDER, Kind.JOINED}
    for message, _kind in made:
        html = message.alternatives[0][0]
        assert all(url.startswith(settings.BASE_URL) for url in SAFE_URL.findall(html))
        assert len(SAFE_URL.findall(html)) == 1
        for text in visible(message):
            assert LINKED.search(text) is None, LINKED.search(text)
            assert not set(text) & TURNING
            assert not [char for char in text if unicodedata.category(char) == "Cc" and char not in "\n\t"]
        assert "<script" not in html
        assert "onmouseover=" not in re.sub(r"&quot;[^<]*", "", html)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_name_adds_no_header_and_breaks_no_subject(name, mails):
    for message, _kind in mails(name, "en"):
        assert not [char for char in message.subject if unicodedata.category(char) == "Cc"]
        assert not set(message.subject) & TURNING
        parsed = message_from_bytes(message.message().as_bytes())
        assert parsed["Bcc"] is None
        assert parsed["Cc"] is None
        assert len(parsed.get_all("Subject")) == len(parsed.get_all("To")) == len(parsed.get_all("From")) == 1


def test_a_notes_own_lines_stay_lines(mails):
    message = next(
        message
        for message, kind in mails("First line\n\nSee https://evil.example\nLast", "en")
        if kind == Kind.INVITATION
    )
    plain = message.body.replace(WORD_JOINER, "")
    assert "First line\n\nSee https://evil.example\nLast" in plain
    assert "https://evil.example" not in message.body


def test_phones_make_no_links_of_numbers_and_dates(mails):
    for message, _kind in mails("+33 1 23 45 67 89", "en"):
        assert 'name="format-detection"' in message.alternatives[0][0]
