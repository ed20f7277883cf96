"""Alice at Acme's Members plain, with htmx or without."""

import pytest

from members.access import actor_for

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/w/acme/members/"}


@pytest.fixture
def plain(acme, alice, client_for):
    """Alice's browser, without JavaScript."""
    return client_for(alice)


@pytest.fixture
def htmx(acme, alice, client_for):
    """Alice's browser, with htmx on the Members plain."""
    return client_for(alice, headers=HTMX)


@pytest.fixture
def ask_to_join(htmx):
    """Fill in the dialog and send it."""

    def send(email, **fields):
        return htmx.post("/w/acme/members/invite/", {"email": email, "role": "member", "days": "7", **fields})

    return send


@pytest.fixture
def member(acme):
    """The member with an address."""
    return lambda email: acme.memberships.get(email=email)


@pytest.fixture
def as_dana(globex, dana):
    return actor_for(dana, "globex")
