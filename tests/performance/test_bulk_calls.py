"""How many statements a call for many costs: so many for each hundred that are committed, whatever is asked of them."""

import pytest

from billing_seats.subscription.services import resize
from members.access import system_actor
from tests.performance.test_query_counts import count
from workspace_admin.demo import cast

MOST = 40


@pytest.mark.parametrize("seats", [[], [cast.CHAT, cast.CODE]])
def test_inviting_many_is_so_many_statements_a_hundred(acme, as_alice, key_of, seats):
    for product in seats:
        resize(system_actor(acme), product, 500)
    program = key_of(as_alice)

    def invite(number, word):
        emails = [f"{word}{n}@example.com" for n in range(number)]
        answer = program.post("/workspaces/acme/invitations/bulk", {"emails": emails, "seats": seats})
        assert answer.json()["summary"] == {"done": number, "refused": 0}

    one = count(lambda: invite(100, "first"))
    three = count(lambda: invite(300, "then"))
    assert (three - one) / 2 <= MOST
    assert one <= MOST
