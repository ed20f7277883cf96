"""The big workspace that speed is measured on: whole, of every kind, and put in once."""

import pytest
from django.core.management import CommandError, call_command

from billing_seats.budgets import seat_counts
from members.access import actor_for
from members.models import Membership, User, Workspace

MEMBERS = 400


@pytest.fixture
def seed(db, capsys, settings):
    """Run the command; answers what it said."""
    settings.DEBUG = True

    def run(**options) -> str:
        call_command("seed_large", **{"members": MEMBERS, **options})
        return capsys.readouterr().out

    return run


def test_a_large_workspace_has_members_of_every_kind_and_seats_that_add_up(seed):
    assert f"{MEMBERS} members in" in seed()
    large = Workspace.objects.get(slug="large")
    rows = Membership.objects.filter(workspace=large)
    assert rows.count() == MEMBERS + 1
    assert [kind.count() for kind in (rows.invited(), rows.expired())] == [20, 20]
    assert (rows.filter(status="deactivated").count(), rows.filter(status="active", user=None).count()) == (8, 0)
    lapsed, guests = rows.filter(status="active").exclude(id__in=rows.live()), rows.active().exclude(expires_at=None)
    assert (lapsed.count(), guests.count()) == (4, 12)
    assert {row.role for row in rows} == {"admin", "member", "billing"}
    assert large.invitations.filter(status="pending").count() == large.deliveries.filter(state="sent").count() == 40
    for pool, count in zip(large.seat_pools.order_by("product__slug"), seat_counts(large), strict=True):
        assert pool.assigned == large.seats.filter(product=pool.product_id).count() > 0
        assert count.held > 0 < count.in_use
        assert count.over_assigned == 0


def test_alice_runs_it_and_everybody_can_be_found(seed, client_for):
    seed()
    alice = User.objects.get(email="alice@acme.example")
    assert actor_for(alice, "large").role == "admin"
    page = client_for(alice).get("/w/large/members/", {"q": "amb 000022"}).content.decode()
    assert "Amber Beech 000022" in page


def test_seeding_again_changes_nothing_and_another_slug_makes_another(seed):
    seed(members=20)
    assert "nothing was done" in seed(members=20)
    seed(members=10, slug="second")
    counts = dict(Workspace.objects.filter(slug__in=["large", "second"]).values_list("slug", "id"))
    assert [Membership.objects.filter(workspace=counts[slug]).count() for slug in ("large", "second")] == [21, 11]


@pytest.mark.parametrize("options", [{"members": 0}, {"members": 10_000_000}, {"slug": "Not a slug"}])
def test_what_makes_no_sense_is_refused(seed, options):
    with pytest.raises(CommandError):
        seed(**options)
