import pytest

from billing_seats.models import Product
from workspace_admin.demo import cast


def test_a_retired_product_keeps_its_holders_and_is_offered_to_nobody(acme, alice, bob, client_for):
    Product.objects.filter(slug=cast.CHAT).update(retired=True)
    dialog = client_for(alice).get("/w/acme/members/invite/").content.decode()
    assert "Mistral Code" in dialog
    assert "le Chat Team" not in dialog
    assert "le Chat Team" in client_for(bob).get("/w/acme/").content.decode()
    home = client_for(alice).get("/w/acme/").context
    assert [one.count.product.slug for one in [*home["products"], *home["others"]]] == [cast.CODE]


@pytest.mark.parametrize("who", ["alice", "carol"])
def test_the_list_switches_a_seat_that_is_sold_no_more_only_where_there_is_one(acme, bob, client_for, request, who):
    Product.objects.filter(slug=cast.CHAT).update(retired=True)
    client = client_for(request.getfixturevalue(who))
    told = client.get("/w/acme/members/").content.decode()
    assert told.count("le Chat Team for") == 1
    assert "le Chat Team for Bob Keller" in told
    assert told.count("Mistral Code for") == 3
    assert "no longer sold" in told
    acme.seats.all().delete()
    assert "le Chat Team" not in client.get("/w/acme/members/").content.decode()


def test_nobody_is_offered_a_move_of_a_seat_that_is_sold_no_more(acme, alice, bob, client_for):
    Product.objects.filter(slug=cast.CHAT).update(retired=True)
    client, row = client_for(alice), acme.memberships.get(user=bob)
    assert "has no seat to move" in client.get(f"/w/acme/members/{row.id}/transfer/").content.decode()
    assert client.get(f"/w/acme/members/{row.id}/seats/{cast.CHAT}/takeover/").status_code == 404
    drawer = client.get(f"/w/acme/members/{row.id}/").content.decode()
    assert "You can open" not in drawer
    assert "can open le Chat Team." in drawer
    assert "transfer/" not in drawer


def test_any_page_of_a_workspace_makes_it_the_one_last_used(acme, globex, alice, client_for):
    client = client_for(alice)
    client.get("/w/acme/members/")
    assert client.get("/")["Location"] == "/w/acme/"
    client.get("/w/globex/membership/departure/")
    assert client.get("/")["Location"] == "/w/globex/"
