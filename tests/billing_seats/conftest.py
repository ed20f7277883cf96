"""Acme's seats of Mistral Code, bought and used up."""

import pytest

from billing_seats.models import SeatPool
from billing_seats.subscription.services import resize
from invitations.inviting import invite
from members.access import system_actor
from members.models import Membership
from workspace_admin.demo import cast


@pytest.fixture
def buy(acme):
    """Set how many seats of Mistral Code Acme has bought, as support does."""
    return lambda purchased: resize(system_actor(acme), cast.CODE, purchased)


@pytest.fixture
def use(as_alice, acme):
    """Invite so many people with a seat of Mistral Code; answers their memberships."""

    def take_up(many: int, start: int = 0):
        emails = [f"p{start + n}@example.com" for n in range(many)]
        answers = invite(as_alice, emails, products=[cast.CODE])
        return [acme.memberships.get(email=answer.email) for answer in answers if answer.done]

    return take_up


@pytest.fixture
def pool(acme):
    """One seat of Mistral Code is bought, and free."""
    SeatPool.objects.filter(workspace=acme, product__slug=cast.CODE).update(purchased=1)
    return SeatPool.objects.select_related("product").get(workspace=acme, product__slug=cast.CODE)


@pytest.fixture
def invited(as_alice, acme):
    """Make invitees without seats."""

    def make(*names: str) -> list[Membership]:
        invite(as_alice, [f"{name}@example.com" for name in names])
        return [acme.memberships.get(email=f"{name}@example.com") for name in names]

    return make
