"""Acme's seats of Mistral Code, bought and used up."""

import pytest

from billing_seats.services import resize
from invitations.services import invite
from members.access import system_actor
from workspace_admin import demo


@pytest.fixture
def buy(acme):
    """Set how many seats of Mistral Code Acme has bought, as support does."""
    return lambda purchased: resize(system_actor(acme), demo.CODE, purchased)


@pytest.fixture
def use(as_alice, acme):
    """Invite so many people with a seat of Mistral Code; answers their memberships."""

    def take_up(many: int, start: int = 0):
        emails = [f"p{start + n}@example.com" for n in range(many)]
        answers = invite(as_alice, emails, products=[demo.CODE])
        return [acme.memberships.get(email=answer.email) for answer in answers if answer.done]

    return take_up
