"""The change of a person's address: asked for, proved by its mailbox, and followed by every membership."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db.models.functions import Now

from invitations.inviting import invite
from members.account.address_change import ask_for_address, change_address
from members.models import AccountMail, AuditEvent, User
from members.names import fold
from tests.members.account.addresses import NEW, addresses, moved, token

PASSWORD = "workspace-demo"
PAGE = "/profile/address/"


@pytest.fixture
def signed_in(client_for):
    """A browser whose password was given just now."""

    def enter(user: User):
        browser = client_for(user)
        browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
        return browser

    return enter


def test_an_address_changes_once_its_mailbox_confirms_it(signed_in, acme, globex, alice, sent, link_in):
    browser, old, new = signed_in(alice), alice.email, "alice@new.example"
    assert browser.post(PAGE, {"email": " Alice@New.example "})["Location"] == "/profile/"
    [message] = sent()
    assert (message.to, message.subject) == ([new], "Confirm your new address")
    assert addresses(alice) == moved(old)

    page = browser.get(link_in(message)).content.decode()
    assert old in page
    assert new in page
    assert addresses(alice) == moved(old)

    assert browser.post(link_in(message))["Location"] == "/profile/"
    assert addresses(alice) == moved(new)
    assert browser.get("/w/acme/members/").status_code == 200
    assert browser.get("/w/acme/members/?q=alice@new").content.count(new.encode()) > 0


def test_the_old_address_is_told_and_no_longer_signs_in(link_for, client, acme, bob, sent):
    change_address(bob, token(link_for(bob)))
    told = sent()[-1]
    assert (told.to, told.subject) == (["bob@acme.example"], "The address of your account was changed")
    assert NEW not in told.body
    client.post("/", {"login": "bob@acme.example", "password": PASSWORD})
    assert "_auth_user_id" not in client.session
    client.post("/", {"login": NEW, "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(bob.id)


def test_each_workspace_notes_the_change(link_for, acme, globex, alice):
    change_address(alice, token(link_for(alice, "alice@new.example")))
    events = AuditEvent.objects.filter(action="member.email_changed")
    assert {event.workspace_id for event in events} == {acme.id, globex.id}
    assert {(event.actor_id, event.target_type) for event in events} == {(alice.id, "membership")}
    assert all(event.changes == {"email": ["alice@acme.example", "alice@new.example"]} for event in events)


def test_who_has_no_name_is_sorted_by_the_new_address(link_for, acme, bob):
    row = acme.memberships.get(user=bob)
    row.name = ""
    row.save()
    change_address(bob, token(link_for(bob)))
    row.refresh_from_db()
    assert row.sort_name == fold(NEW)


def test_a_deactivated_membership_follows_too(link_for, acme, carol):
    acme.memberships.filter(user=carol).update(status="deactivated")
    change_address(carol, token(link_for(carol)))
    assert addresses(carol) == moved()


def test_the_old_address_can_be_invited_again(link_for, as_alice, bob):
    change_address(bob, token(link_for(bob)))
    [answer] = invite(as_alice, ["bob@acme.example"])
    assert answer.error is None
    assert as_alice.workspace.memberships.filter(email="bob@acme.example", user=None).exists()


@pytest.fixture(params=["invited", "member"])
def somebody_elses(request, as_alice, carol):
    """Another row of Acme that has the new address."""
    if request.param == "invited":
        invite(as_alice, [NEW])
    else:
        as_alice.workspace.memberships.filter(user=carol).update(email=NEW)


def test_an_address_of_another_row_of_the_workspace_is_refused(somebody_elses, signed_in, link_for, acme, bob):
    page = signed_in(bob).post(link_for(bob))
    assert page.status_code == 400
    assert b"be used. Your account keeps" in page.content
    assert addresses(bob) == moved("bob@acme.example")
    assert not AuditEvent.objects.filter(action="member.email_changed").exists()
    acme.memberships.filter(email=NEW).update(email="away@new.example")
    assert signed_in(bob).post(link_for(bob)).status_code == 302


def test_an_invitation_elsewhere_is_untouched(link_for, as_alice, erin, solo):
    invite(as_alice, [NEW])
    change_address(erin, token(link_for(erin)))
    assert addresses(erin) == moved()
    assert as_alice.workspace.memberships.filter(email=NEW, user=None).exists()


def test_asking_tells_nobody_whether_an_address_has_an_account(signed_in, acme, bob, erin, sent):
    browser = signed_in(bob)
    pages = [browser.post(PAGE, {"email": address}, follow=True) for address in (erin.email, NEW)]
    assert [page.redirect_chain for page in pages] == [[("/profile/", 302)]] * 2
    texts = [page.content.decode().replace(erin.email, NEW) for page in pages]
    assert "Open it to finish" in texts[0]
    assert len(texts[0]) == len(texts[1])
    assert [mail.kind for mail in AccountMail.objects.order_by("created_at")] == ["account_exists", "change_address"]
    assert [message.to for message in sent()] == [[erin.email], [NEW]]


def test_an_account_that_nobody_proved_counts_as_none(link_for, person, bob, acme):
    squatter = person(NEW)
    EmailAddress.objects.filter(user=squatter).update(verified=False)
    change_address(bob, token(link_for(bob)))
    assert addresses(bob) == moved()
    assert not User.objects.filter(id=squatter.id).exists()


@pytest.mark.parametrize("state", [{"is_active": False}, {"is_staff": True}])
def test_an_account_that_support_made_or_closed_counts_as_one(state, link_for, person, bob, sent):
    EmailAddress.objects.filter(user=person(NEW, **state)).delete()
    ask_for_address(bob, NEW)
    assert AccountMail.objects.get().kind == "account_exists"


def test_an_account_made_meanwhile_keeps_its_address(signed_in, link_for, person, bob, acme):
    link = link_for(bob)
    person(NEW)
    page = signed_in(bob).post(link)
    assert b"be used. Your account keeps" in page.content
    assert addresses(bob) == moved("bob@acme.example")


def test_a_link_works_once_even_after_going_back(signed_in, link_for, bob, acme):
    browser, link = signed_in(bob), link_for(bob)
    assert browser.post(link).status_code == 302
    assert browser.post(link).status_code == 404
    bob.refresh_from_db()
    assert browser.post(link_for(bob, "bob@acme.example")).status_code == 302
    assert browser.post(link).status_code == 404
    assert addresses(bob) == moved("bob@acme.example")


def test_one_change_ends_all_links_that_were_open(signed_in, link_for, bob, acme):
    browser, first, second = signed_in(bob), link_for(bob), link_for(bob, "robert@new.example")
    assert browser.post(second).status_code == 302
    assert b"no longer works" in browser.get(first).content


def test_a_link_is_its_persons_only(signed_in, link_for, client, bob, alice, acme):
    link = link_for(bob)
    assert client.post(link)["Location"].startswith("/accounts/login/?next=")
    page = signed_in(alice).post(link)
    assert page.status_code == 404
    assert NEW.encode() not in page.content
    assert addresses(bob) == moved("bob@acme.example")
    assert signed_in(bob).post(link).status_code == 302


def test_a_link_is_dead_after_three_days(signed_in, link_for, bob):
    link = link_for(bob)
    AccountMail.objects.update(created_at=Now() - timedelta(days=3))
    assert signed_in(bob).post(link).status_code == 404


def test_a_link_is_dead_after_a_new_password_and_one_on_its_way_does_not_leave(signed_in, link_for, bob, sent):
    browser, link = signed_in(bob), link_for(bob)
    new = {"oldpassword": PASSWORD, "password1": "another-secret-8", "password2": "another-secret-8"}
    assert browser.post("/accounts/password/change/", new)["Location"] == "/profile/"
    assert browser.post(link).status_code == 404
    assert [message.to for message in sent()] == [["bob@acme.example"]]


@pytest.mark.parametrize("odd", ["x", "é", "0" * 32 + ".", "..", "0192f0c4-0000-7000-8000-000000000000.abc", "a%00b"])
def test_odd_links_are_answered(odd, client_for, bob):
    assert client_for(bob).get(f"{PAGE}{odd}/").status_code in {400, 404}


def test_a_password_link_to_the_old_address_does_not_leave(client, link_for, bob, acme, sent):
    client.post("/accounts/password/reset/", {"email": bob.email})
    change_address(bob, token(link_for(bob)))
    assert "Set a new password" not in [message.subject for message in sent()]


def test_an_old_sign_in_is_asked_for_the_password(client_for, bob, acme):
    browser = client_for(bob)
    assert browser.get(PAGE)["Location"].startswith("/accounts/reauthenticate/?next=")
    assert browser.post(PAGE, {"email": NEW})["Location"].startswith("/accounts/reauthenticate/")
    assert not AccountMail.objects.exists()
    wrong = browser.post(f"/accounts/reauthenticate/?next={PAGE}", {"password": "wrong"})
    assert wrong.status_code == 200
    answer = browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": PAGE})
    assert answer["Location"] == "/profile/"  # and what was asked before is done
    assert AccountMail.objects.get().email == NEW


def test_who_signed_in_just_now_is_not_asked_again(client, bob, acme):
    client.post("/", {"login": bob.email, "password": PASSWORD})
    assert client.get(PAGE).status_code == 200


@pytest.mark.parametrize(
    "email", ["", "bob", "bob@acme.example", "BOB@acme.example", "bоb@new.example", "a\0@b.example"]
)
def test_what_is_no_new_address_is_said(email, signed_in, bob):
    page = signed_in(bob).post(PAGE, {"email": email})
    assert page.status_code == 200
    assert page.context["form"].errors["email"]
    assert not AccountMail.objects.exists()


def test_asking_again_and_again_is_slowed_down(signed_in, bob, erin):
    browser = signed_in(bob)
    assert [browser.post(PAGE, {"email": NEW}).status_code for _ in range(4)] == [302, 302, 302, 429]
    assert [browser.post(PAGE, {"email": erin.email}).status_code for _ in range(4)] == [302, 302, 302, 429]
    assert AccountMail.objects.count() == 6


def test_every_try_carries_the_same_link_and_the_row_holds_none(link_for, bob, sent, link_in):
    link = link_for(bob)
    assert link_in(sent()[0]) == link
    mail = AccountMail.objects.get()
    stored = " ".join(str(getattr(mail, field.attname)) for field in AccountMail._meta.fields)
    assert token(link).partition(".")[2] not in stored
