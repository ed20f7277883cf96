"""Opening a link: it changes nothing, and tells the token to nobody."""

import re

import pytest
from django.contrib.sessions.models import Session

from invitations import tokens
from invitations.models import Invitation
from invitations.services import resend, revoke
from members.models import AuditEvent

from .conftest import Holder


def plain(page) -> bytes:
    """Return the page without what differs at every answer: nonce and CSRF token."""
    return re.sub(rb"[\w-]{20,}", b"", page.content)


def rows():
    return list(Invitation.objects.values()), AuditEvent.objects.count()


def test_opening_a_link_changes_nothing(offer, holder):
    before = rows()
    for _ in range(2):
        assert holder().open(offer).status_code == 200
    assert rows() == before


def test_the_token_leaves_the_address_and_stands_in_no_session(offer, holder):
    browser = holder()
    token = tokens.make(offer)
    response = browser.client.get(f"/join/{token}/")
    assert (response.status_code, response["Location"]) == (302, "/join/")
    assert dict(browser.client.session)["join"] == {"invitation": str(offer.id), "generation": 1}
    digest = token.partition(".")[2]
    assert all(digest not in str(session.get_decoded()) for session in Session.objects.all())


def test_the_page_names_workspace_inviter_role_and_seats(offer, holder):
    page = holder().open(offer).content.decode()
    for word in ("Join Acme", "Alice Martin", "zoe@new.example", "Member", "le Chat Team", ">Join<", ">Decline<"):
        assert word in " ".join(page.split()).replace("> ", ">").replace(" <", "<"), word


def test_the_page_shows_the_personal_note_and_until_when_the_offer_is_open(invited, holder, expire):
    offer = invited(note="See <b>you</b> soon,\nAlice")
    page = holder().open(offer).content.decode()
    assert "See &lt;b&gt;you&lt;/b&gt; soon,<br>Alice" in page
    assert "Expires" in page
    assert offer.expires_at.isoformat() in page
    expire(offer)
    assert "<dt>Expires</dt>" not in holder().open(offer).content.decode()


def test_join_pages_are_neither_cached_nor_indexed_nor_framed(offer, holder):
    browser = holder()
    for path in (f"/join/{tokens.make(offer)}/", "/join/", "/join/decline/", "/join/no.such/"):
        response = browser.client.get(path)
        assert "no-store" in response["Cache-Control"], path
        assert response["X-Robots-Tag"] == "noindex"
        assert response["Referrer-Policy"] in {"no-referrer", "same-origin"}
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


def used(offer: Invitation, browser: Holder, as_alice) -> None:
    browser.open(offer)
    assert browser.join(offer, name="Zoe", password="a-long-secret-7").status_code == 302


def revoked(offer: Invitation, browser: Holder, as_alice) -> None:
    revoke(as_alice, offer.id)


def sent_again(offer: Invitation, browser: Holder, as_alice) -> None:
    Invitation.objects.filter(id=offer.id).update(sent_at="2026-01-01T00:00Z")
    resend(as_alice, offer.id)


@pytest.mark.parametrize("end", [used, revoked, sent_again])
def test_every_dead_link_gets_the_same_neutral_page(end, offer, holder, as_alice, client):
    token = tokens.make(offer)
    end(offer, holder(), as_alice)
    dead, unknown, nonsense = (client.get(f"/join/{text}/") for text in (token, token[:-3] + "abc", "nonsense"))
    assert {answer.status_code for answer in (dead, unknown, nonsense)} == {404}
    assert plain(dead) == plain(unknown) == plain(nonsense)
    assert b"Acme" not in dead.content
    assert client.get("/join/").status_code == 404


def test_a_used_link_leads_the_person_who_used_it_to_the_workspace(offer, holder, client_for, bob):
    zoe, token = holder(), tokens.make(offer)
    used(offer, zoe, None)
    assert zoe.client.get(f"/join/{token}/")["Location"] == "/w/acme/"
    assert client_for(bob).get(f"/join/{token}/").status_code == 404


@pytest.mark.parametrize("token", ["é", "%00", "x" * 2000, "....", "a" * 36 + ".é"])
def test_odd_tokens_are_answered_like_any_other(token, client, db):
    assert 400 <= client.get(f"/join/{token}/").status_code < 500
