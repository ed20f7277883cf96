"""Offers as their holders meet them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from invitations import tokens
from invitations.inviting import invite
from invitations.models import Invitation
from members.models import Membership
from workspace_admin.demo import cast


@pytest.fixture
def invited(as_alice) -> Callable[..., Invitation]:
    """Invite someone to Acme as Alice and answer the invitation."""

    def make(email: str = "zoe@new.example", **terms) -> Invitation:
        [answer] = invite(as_alice, [email], **{"products": [cast.CHAT], **terms})
        assert answer.error is None
        return answer.invitation

    return make


@pytest.fixture
def offer(invited) -> Invitation:
    """Zoe, who has no account, is invited to Acme as a Member with a le Chat Team seat."""
    return invited()


@pytest.fixture
def expire() -> Callable[[Invitation], None]:
    def move(invitation: Invitation) -> None:
        past = invitation.expires_at - timedelta(days=invitation.days + 1)
        Invitation.objects.filter(id=invitation.id).update(expires_at=past)
        Membership.objects.filter(id=invitation.membership_id).update(expires_at=past)

    return move


class Holder:
    """A browser that follows an emailed link."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def open(self, invitation: Invitation):
        """Return the page that the link leads to."""
        return self.client.get(f"/join/{tokens.make(invitation)}/", follow=True)

    def send(self, path: str, invitation: Invitation, **fields):
        """Send a form of the page as it was shown for this sending of the invitation."""
        shown = {"invitation": str(invitation.id), "generation": invitation.generation}
        return self.client.post(path, {**shown, **fields})

    def join(self, invitation: Invitation, **fields):
        return self.send("/join/", invitation, **fields)


@pytest.fixture
def holder(client_for) -> Callable[..., Holder]:
    """A browser: a stranger's, or that of the person given."""
    return lambda user=None: Holder(client_for(user) if user else Client())
