"""Home: an overview for who runs the workspace, in which every figure is a link to the list that it counts."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from invitations.inviting import invite
from invitations.models import Delivery
from workspace_admin.demo import cast

HOME = "/w/acme/"


@pytest.fixture
def busy(acme, as_alice):
    """Acme with two invitees, one of whose emails bounced, a lapsed guest, and Bob away for long with a seat."""
    invite(as_alice, ["ada@new.example", "ben@new.example"], products=[cast.CODE])
    Delivery.objects.filter(recipient="ada@new.example").update(state="sent", outcome="bounced")
    acme.memberships.filter(email="bob@acme.example").update(last_active_at=Now() - timedelta(days=100))
    acme.memberships.filter(email="carol@acme.example").update(expires_at=Now() - timedelta(days=1))
    return acme


def test_every_figure_is_how_many_its_link_lists(busy, alice, client_for):
    browser = client_for(alice)
    overview = browser.get(HOME).context["overview"]
    figures = {one.label: one for one in overview["figures"]}
    assert {label: one.count for label, one in figures.items()} == {
        "Members": 2,
        "Pending invitations": 2,
        "Emails that didn't arrive": 1,
        "Expired invitations": 0,
        "Access has ended": 1,
    }
    idle = {one.column.product.slug: one.idle for one in overview["seats"]}
    assert (idle[cast.CHAT].count, idle[cast.CODE].count) == (1, 0)
    for one in [*figures.values(), *idle.values()]:
        assert len(browser.get(one.link).context["rows"]) == one.count, one


def test_admins_see_what_happened_and_members_their_products(busy, alice, bob, person, as_alice, client_for):
    paid = person("paid@acme.example")
    cast.join(as_alice, paid, "billing")
    admin = client_for(alice)
    home = admin.get(HOME)
    told = next(one for one in home.context["overview"]["events"] if "invited ben@new.example" in one.text)
    link = f"{HOME}audit/?action={told.action}"
    assert f'href="{link}"' in home.content.decode()
    assert "ben@new.example" in admin.get(link).content.decode()
    billing = client_for(paid).get(HOME)
    assert (billing.context["overview"]["events"], len(billing.context["overview"]["seats"])) == (None, 2)
    assert "ben@new.example" not in billing.content.decode()
    assert client_for(bob).get(HOME).context["overview"] is None


def test_alone_one_is_asked_to_invite_or_told_what_it_takes(acme, alice, erin, solo, client_for):
    assert "Team and Enterprise plans" in client_for(erin).get(f"/w/{solo.slug}/").content.decode()
    acme.memberships.exclude(user=alice).delete()
    alone = client_for(alice).get(HOME).content.decode()
    assert "just you so far" in alone


def test_it_costs_the_same_with_few_and_many(acme, as_alice, alice, client_for):
    browser = client_for(alice)

    def statements():
        browser.get(HOME)
        with CaptureQueriesContext(connection) as captured:
            browser.get(HOME)
        return len(captured)

    few = statements()
    invite(as_alice, [f"guest{number}@new.example" for number in range(60)], products=[])
    assert statements() == few <= 12
