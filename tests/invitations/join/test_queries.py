"""How often the join pages and home ask the database: pinned, so that growth is a decision."""


def test_showing_an_offer(offer, holder, django_assert_num_queries):
    browser = holder()
    browser.open(offer)
    with django_assert_num_queries(4):
        assert browser.client.get("/join/").status_code == 200


def test_accepting(invited, holder, dana, django_assert_num_queries):
    offer = invited(dana.email)
    browser = holder(dana)
    browser.open(offer)
    with django_assert_num_queries(13):
        assert browser.join(offer)["Location"] == "/w/acme/"


def test_home(acme, bob, client_for, django_assert_num_queries):
    browser = client_for(bob)
    browser.get("/w/acme/")
    with django_assert_num_queries(7):
        assert browser.get("/w/acme/").status_code == 200
