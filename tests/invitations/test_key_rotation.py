"""The keys of the links are rotated while offers are open: nobody is shut out."""

import re

import pytest

from invitations.inviting import invite
from invitations.models import Delivery, Invitation, InvitationStatus
from invitations.tasks import drain

OLD, NEW = "the old key" * 6, "the new key" * 6
JOIN = re.compile(r"https?://[^/]+(/join/\S+)")


@pytest.fixture
def link_to(as_alice, mailoutbox, settings):
    """Invite someone and answer the link that they got."""
    Delivery.objects.update(state="sent")

    def send(email: str, *keys: str) -> str:
        settings.INVITATION_KEYS = list(keys)
        invite(as_alice, [email])
        drain()
        assert mailoutbox[-1].to == [email]
        return JOIN.search(mailoutbox[-1].body).group(1)

    return send


@pytest.fixture
def join(client):
    """Follow a link as a new person; answers whether they are in."""

    def follow(link: str, email: str) -> bool:
        page = client.get(link, follow=True)
        held = client.session.get("join")
        if held is None:
            assert page.status_code == 404
            return False
        client.post("/join/", {"name": "Zoe", "password": "a-Password-42", **held})
        return Invitation.objects.get(email=email).status == InvitationStatus.ACCEPTED

    return follow


def test_a_link_of_the_old_key_lives_on_beside_those_of_the_new(link_to, join, client):
    before = link_to("zoe@new.example", OLD)
    after = link_to("ines@new.example", NEW, OLD)
    assert join(before, "zoe@new.example")
    client.logout()
    assert join(after, "ines@new.example")


def test_once_the_old_key_is_gone_its_links_are_dead_and_the_others_are_not(link_to, join, settings):
    before = link_to("zoe@new.example", OLD)
    after = link_to("ines@new.example", NEW, OLD)
    settings.INVITATION_KEYS = [NEW]
    assert not join(before, "zoe@new.example")
    assert join(after, "ines@new.example")


def test_a_mail_that_was_waiting_leaves_with_a_link_that_works(as_alice, join, settings, mailoutbox):
    Delivery.objects.update(state="sent")
    settings.INVITATION_KEYS = [OLD]
    invite(as_alice, ["zoe@new.example"])
    settings.INVITATION_KEYS = [NEW, OLD]
    drain()
    settings.INVITATION_KEYS = [NEW]
    assert join(JOIN.search(mailoutbox[-1].body).group(1), "zoe@new.example")
