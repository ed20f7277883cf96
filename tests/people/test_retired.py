from billing_seats.models import Product
from workspace_admin import demo


def test_a_retired_product_keeps_its_holders_and_is_offered_to_nobody(acme, alice, bob, client_for):
    Product.objects.filter(slug=demo.CHAT).update(retired=True)
    dialog = client_for(alice).get("/w/acme/members/invite/").content.decode()
    assert "Mistral Code" in dialog
    assert "le Chat Team" not in dialog
    assert "le Chat Team" in client_for(bob).get("/w/acme/").content.decode()
    assert "le Chat Team" not in client_for(alice).get("/w/acme/").content.decode()


def test_any_page_of_a_workspace_makes_it_the_one_last_used(acme, globex, alice, client_for):
    client = client_for(alice)
    client.get("/w/acme/members/")
    assert client.get("/")["Location"] == "/w/acme/"
    client.get("/w/globex/membership/departure/")
    assert client.get("/")["Location"] == "/w/globex/"
