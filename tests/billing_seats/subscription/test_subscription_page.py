"""The Subscription page: what stands on it, for whom, and at what cost."""

import re

import pytest

from billing_seats.models import Product, SeatDay, SeatPool
from billing_seats.subscription.seat_history import take_stock
from invitations.inviting import invite
from members.clock import database_now
from tests.performance.test_query_counts import count
from workspace_admin.demo import cast

PATH = "/w/acme/subscription/"


@pytest.fixture
def self_service(settings):
    settings.SELF_SERVICE_SEATS = True


@pytest.fixture
def reading(acme, alice, client_for):
    """The page as Alice reads it: its text, without markup."""
    client = client_for(alice)

    def read():
        html = client.get(PATH).content.decode()
        return " ".join(re.sub(r"<[^>]+>", " ", html[html.index("<main") : html.index("</main>")]).split())

    return read


def test_the_plan_stands_with_what_it_includes_its_standing_and_renewal(reading, acme):
    text = reading()
    assert "Team plan Active Renews on" in text
    assert "REST API" in text
    assert "Audit log export : not included" in text
    assert "Single sign-on" not in text


def test_each_product_has_its_figures_and_its_holds(reading, as_alice):
    invite(as_alice, ["ada@example.com"], products=[cast.CHAT])
    text = reading()
    assert "le Chat Team Bought 10 In use 1 Held by invitations 1 Available 8" in text
    assert "1 seat is held by an invitation ada@example.com held until" in text


def test_holds_beyond_those_listed_lead_to_the_invitations(reading, as_alice, acme, client_for, alice):
    SeatPool.objects.filter(workspace=acme).update(purchased=100)
    invite(as_alice, [f"person-{number}@example.com" for number in range(25)], products=[cast.CHAT])
    assert "And 5 more. See all invitations" in reading()
    assert 'href="/w/acme/members/?tab=invited"' in client_for(alice).get(PATH).content.decode()


def test_over_assigned_is_announced_in_words_and_numbers(reading, acme):
    acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=0)
    text = reading()
    assert "le Chat Team 1 over limit" in text
    assert "le Chat Team is over its limit by 1 seat. Free up or buy 1 before assigning more." in text


def test_the_chart_is_drawn_by_the_server_with_a_table_behind_it(acme, alice, client_for):
    take_stock()
    SeatDay.objects.update(day="2026-01-01", in_use=7)
    html = client_for(alice).get(PATH).content.decode()
    svg = re.search(r"<svg role=\"img\".*?</svg>", html, re.DOTALL).group()
    assert 'aria-label="Seats of le Chat Team in use since' in svg
    assert "from 7 of 10 bought to 1 of 10 bought, at most 7." in svg
    assert "style=" not in html
    assert re.search(r"<td>10</td>\s*<td>7</td>\s*<td>0</td>", html)


def test_a_product_without_history_has_the_day_of_today(acme, alice, client_for):
    context = client_for(alice).get(PATH).context
    assert [[day.day for day in chart.days] for _entry, chart in context["entries"]] == [[database_now().date()]] * 2


def test_who_changed_what_stands_with_names_and_times(reading):
    assert "System added 3 Mistral Code seats" in reading()


@pytest.mark.usefixtures("self_service")
@pytest.mark.parametrize("who", ["alice", "carol"])
def test_where_self_service_is_on_admin_and_billing_change_plan_and_seats(request, acme, client_for, who):
    Product.objects.create(slug="studio", name="Studio", description="Build things.")
    Product.objects.create(slug="gone", name="Gone", retired=True)
    html = client_for(request.getfixturevalue(who)).get(PATH).content.decode()
    for link in ("plan/", "seats/le-chat-team/", "seats/studio/"):
        assert f'href="{PATH}{link}"' in html
    assert "Gone" not in html


@pytest.mark.parametrize("who", ["alice", "carol"])
def test_where_it_is_off_the_page_says_who_changes_them(request, acme, client_for, who):
    html = client_for(request.getfixturevalue(who)).get(PATH).content.decode()
    assert "The plan and seats are managed by support." in html
    assert "seats/le-chat-team/" not in html


def test_a_member_is_told_who_sees_it(acme, bob, client_for):
    response = client_for(bob).get(PATH)
    assert response.status_code == 403
    assert b"Only Admins and Billing members" in response.content


@pytest.mark.usefixtures("self_service")
def test_a_workspace_without_seats_says_what_to_do(solo, erin, client_for):
    html = client_for(erin).get("/w/solo/subscription/").content.decode()
    assert "No product seats yet" in html
    assert "Change the plan first." in html


def test_after_a_downgrade_of_the_plan_the_page_says_that_seats_wait(reading, acme):
    acme.subscription.plan = "free"
    acme.subscription.save()
    assert "The Free plan includes no product seats. The workspace keeps what it bought" in reading()


@pytest.mark.usefixtures("self_service")
def test_the_page_costs_the_same_however_much_there_is(acme, alice, as_alice, client_for):
    client = client_for(alice)
    client.get(PATH)
    few = count(lambda: client.get(PATH))
    for number in range(5):
        product = Product.objects.create(slug=f"product-{number}", name=f"Product {number}")
        SeatPool.objects.create(workspace=acme, product=product, purchased=100)
    slugs = [f"product-{number}" for number in range(5)]
    invite(as_alice, [f"person-{number}@example.com" for number in range(40)], products=slugs)
    take_stock()
    client.get(PATH)
    assert count(lambda: client.get(PATH)) == few
    assert few <= 8
