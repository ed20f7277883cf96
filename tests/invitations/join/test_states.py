"""What the join page says to whom."""

import pytest

from billing_seats.lifecycle.services import change_role
from invitations.models import Delivery, Invitation
from members.access import actor_for
from members.models import Membership, User
from workspace_admin.demo import cast


@pytest.fixture
def danas(invited, dana) -> Invitation:
    """Dana, who has an account, is invited to Acme."""
    return invited(dana.email)


def test_a_new_person_sets_name_and_password_and_is_in(offer, holder, acme, seats_of):
    before = seats_of(acme)
    browser = holder()
    page = browser.open(offer)
    assert b'name="name"' in page.content
    assert b'name="password"' in page.content
    anonymous = browser.client.session.session_key

    answer = browser.join(offer, name=" Zoe Zander ", password="a-long-secret-7")
    assert answer["Location"] == "/w/acme/"
    assert browser.client.session.session_key != anonymous
    assert "join" not in browser.client.session
    home = browser.client.get("/w/acme/")
    assert b"Welcome to Acme" in home.content
    assert b"Open le Chat Team" in home.content

    zoe = User.objects.get(email="zoe@new.example")
    member = acme.memberships.with_expiry().get(user=zoe)
    assert (zoe.name, zoe.email_verified, member.name) == ("Zoe Zander", True, "Zoe Zander")
    assert (member.display_status, member.expires_at) == ("active", None)
    after = seats_of(acme)
    assert (after.in_use, after.held) == (before.in_use + 1, before.held - 1)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": "", "password": "a-long-secret-7"}, "required"),
        ({"name": "Zoe\nEve", "password": "a-long-secret-7"}, "line breaks"),
        ({"name": "x" * 101, "password": "a-long-secret-7"}, "100 characters"),
        ({"name": "Zoe", "password": ""}, "required"),
        ({"name": "Zoe", "password": "12345678"}, "only digits"),
        ({"name": "Zoe", "password": "zoe@new.example"}, "name or email address"),
        ({"name": "Zoe", "password": "\0" * 9}, "Null"),
    ],
)
def test_a_bad_name_or_password_is_said_and_nothing_is_done(fields, says, offer, holder):
    browser = holder()
    browser.open(offer)
    page = browser.join(offer, **fields)
    assert page.status_code == 200
    assert says in page.content.decode()
    assert not User.objects.filter(email="zoe@new.example").exists()
    assert browser.join(offer, name="Zoe", password="a-long-secret-7").status_code == 302


def test_who_has_an_account_signs_in_and_joins(danas, holder, acme, dana):
    browser = holder()
    page = browser.open(danas)
    assert b"/accounts/login/?next=/join/" in page.content
    assert b'name="password"' not in page.content
    signed_in = browser.client.post(
        "/accounts/login/", {"login": dana.email, "password": "workspace-demo", "next": "/join/"}, follow=True
    )
    assert signed_in.redirect_chain[-1][0] == "/join/"
    assert b"Join" in signed_in.content
    key = browser.client.session.session_key
    assert browser.join(danas)["Location"] == "/w/acme/"
    assert browser.client.session.session_key != key
    assert acme.memberships.active().filter(user=dana).exists()


def test_a_stranger_cannot_join_in_place_of_an_account(danas, holder, acme, dana):
    browser = holder()
    browser.open(danas)
    assert browser.join(danas, name="Eve", password="a-long-secret-7").status_code == 409
    assert not acme.memberships.active().filter(email=dana.email).exists()
    assert User.objects.get(id=dana.id).check_password("workspace-demo")


def test_someone_signed_in_under_another_address_never_joins_silently(offer, holder, erin, acme):
    browser = holder(erin)
    page = browser.open(offer)
    assert b"You're signed in as" in page.content
    assert erin.email.encode() in page.content
    assert browser.join(offer).status_code == 409
    assert not acme.memberships.filter(user=erin).exists()


def test_switching_accounts_signs_out_and_keeps_the_offer(offer, holder, erin):
    browser = holder(erin)
    browser.open(offer)
    assert browser.client.get("/join/switch/").status_code == 405
    page = browser.client.post("/join/switch/", follow=True)
    assert b'name="password"' in page.content
    assert "_auth_user_id" not in browser.client.session
    assert browser.join(offer, name="Zoe", password="a-long-secret-7").status_code == 302


def test_an_expired_offer_lets_a_new_link_be_asked_for_once_per_sending(offer, holder, expire, alice):
    expire(offer)
    browser = holder()
    page = browser.open(offer)
    assert b"expired" in page.content
    assert b"Ask for a new link" in page.content
    assert browser.join(offer, name="Zoe", password="a-long-secret-7").status_code == 409
    for _ in range(2):
        page = browser.send("/join/new-link/", offer)
        assert page["Location"] == "/join/"
    assert b"Ask for a new link" not in browser.client.get("/join/").content
    asked = Delivery.objects.filter(invitation=offer, kind="asked")
    assert [mail.recipient for mail in asked] == [alice.email]


def test_an_open_offer_cannot_ask_for_a_new_link(offer, holder):
    browser = holder()
    browser.open(offer)
    assert browser.send("/join/new-link/", offer).status_code == 409
    assert not Delivery.objects.filter(kind="asked").exists()


def test_an_offer_of_admin_waits_while_its_sender_may_not_invite(invited, holder, as_alice, acme, carol):
    admins, members = invited("zoe@new.example", role="admin"), invited("max@new.example")
    change_role(as_alice, acme.memberships.get(user=carol).id, "admin")
    change_role(actor_for(carol, "acme"), acme.memberships.get(email="alice@acme.example").id, "member")

    browser = holder()
    assert b"can no longer offer the Admin role" in browser.open(admins).content
    assert browser.join(admins, name="Zoe", password="a-long-secret-7").status_code == 409
    other = holder()
    other.open(members)
    assert other.join(members, name="Max", password="a-long-secret-7").status_code == 302


def test_an_offer_waits_while_the_plan_has_no_invitations(offer, holder, acme):
    acme.subscription.plan = "free"
    acme.subscription.save()
    browser = holder()
    assert b"include invitations any more" in browser.open(offer).content
    assert browser.join(offer, name="Zoe", password="a-long-secret-7").status_code == 409
    acme.subscription.plan = "team"
    acme.subscription.save()
    assert browser.join(offer, name="Zoe", password="a-long-secret-7").status_code == 302


def test_an_active_member_is_told_so_and_nothing_changes(offer, holder, bob, acme):
    browser = holder(bob)
    assert b"already an active member" in browser.open(offer).content
    assert browser.join(offer).status_code == 409
    assert acme.memberships.with_expiry().get(email=offer.email).display_status == "invited"


def test_an_account_never_verified_counts_as_none(offer, holder, person):
    squatter = person("squatter@new.example")
    User.objects.filter(id=squatter.id).update(email=offer.email, name="Squatter")
    squatter.emailaddress_set.update(email=offer.email, verified=False)
    theirs = holder(User.objects.get(id=squatter.id))
    assert theirs.client.get("/profile/").status_code == 200

    browser = holder()
    browser.open(offer)
    assert browser.join(offer, name="Zoe", password="a-long-secret-7").status_code == 302
    zoe = User.objects.get(email=offer.email)
    assert (zoe.name, zoe.email_verified, zoe.check_password("workspace-demo")) == ("Zoe", True, False)
    assert theirs.client.get("/profile/").status_code == 302


def test_the_page_and_the_new_account_speak_the_invitees_language(invited, holder):
    offer = invited(language="fr")
    browser = holder()
    page = browser.open(offer)
    assert page["Content-Language"] == "fr"
    assert b'<html lang="fr"' in page.content
    browser.join(offer, name="Zoé", password="a-long-secret-7")
    assert User.objects.get(email=offer.email).language == "fr"


def test_a_removed_seat_is_no_longer_named(offer, holder, acme):
    Membership.objects.get(id=offer.membership_id).seats.filter(product__slug=cast.CHAT).delete()
    assert b"le Chat Team" not in holder().open(offer).content
