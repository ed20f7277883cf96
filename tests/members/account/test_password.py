"""Forgotten and changed passwords."""

import pytest

from members.models import AccountMail, User

NEW = {"password1": "another-secret-8", "password2": "another-secret-8"}


def ask(client, email: str):
    return client.post("/accounts/password/reset/", {"email": email})


def test_a_reset_link_sets_a_new_password_once(client, client_for, bob, acme, sent, link_in):
    elsewhere = client_for(bob)
    assert ask(client, bob.email)["Location"] == "/accounts/password/reset/done/"
    [message] = sent()
    link = link_in(message)
    form = client.get(link, follow=True)
    assert link not in form.redirect_chain[-1][0]
    assert client.post(form.redirect_chain[-1][0], NEW).status_code == 302
    assert User.objects.get(id=bob.id).check_password(NEW["password1"])
    assert elsewhere.get("/w/acme/").status_code == 302
    assert b"no longer works" in client.get(link, follow=True).content


def test_asking_tells_nobody_whether_there_is_an_account(client, bob, sent):
    known, unknown = ask(client, bob.email), ask(client, "nobody@new.example")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [mail.kind for mail in AccountMail.objects.order_by("created_at")] == ["password_reset", "unknown_account"]
    assert [message.to for message in sent()] == [[bob.email], ["nobody@new.example"]]


def test_asking_again_and_again_is_slowed_down(client, bob):
    *_, last = [ask(client, bob.email) for _ in range(8)]
    assert (last.status_code, last["Retry-After"]) == (429, "60")
    assert b"Wait a minute" in last.content
    assert AccountMail.objects.count() < 8


def test_every_try_carries_the_same_link(client, bob, sent, link_in):
    ask(client, bob.email)
    assert link_in(sent()[0]) == link_in(sent()[0])


def test_a_closed_account_gets_no_link(client, bob, sent):
    ask(client, bob.email)
    User.objects.filter(id=bob.id).update(is_active=False)
    assert sent() == []


def test_changing_the_password_ends_other_sessions(client_for, bob, acme):
    here, elsewhere = client_for(bob), client_for(bob)
    answer = here.post("/accounts/password/change/", {"oldpassword": "workspace-demo", **NEW})
    assert answer["Location"] == "/profile/"
    assert here.get("/w/acme/").status_code == 200
    assert elsewhere.get("/w/acme/").status_code == 302


@pytest.mark.parametrize("key", ["abc-def", "x" * 32 + "-d1-2", "é-1", "0" * 32 + "-%00"])
def test_odd_reset_links_are_answered(key, client, db):
    assert client.get(f"/accounts/password/reset/key/{key}/").status_code in {200, 400, 404}


def test_a_link_opens_nobody_elses_account(client, bob, alice, sent, link_in):
    ask(client, bob.email)
    own = client.get(link_in(sent()[0]), follow=True).redirect_chain[-1][0]
    foreign = own.replace(bob.id.hex, alice.id.hex)
    assert foreign != own
    assert b"no longer works" in client.get(foreign).content
    client.post(foreign, NEW)
    assert User.objects.get(id=alice.id).check_password("workspace-demo")


def test_a_page_behind_a_link_is_dead_once_the_password_was_changed(client, client_for, bob, sent, link_in):
    ask(client, bob.email)
    page = client.get(link_in(sent()[0]), follow=True).redirect_chain[-1][0]
    client_for(bob).post("/accounts/password/change/", {"oldpassword": "workspace-demo", **NEW})
    client.post(page, {"password1": "a-stolen-secret-8", "password2": "a-stolen-secret-8"})
    assert User.objects.get(id=bob.id).check_password(NEW["password1"])


def test_a_page_behind_a_link_sets_one_password(client, bob, sent, link_in):
    ask(client, bob.email)
    page = client.get(link_in(sent()[0]), follow=True).redirect_chain[-1][0]
    client.post(page, NEW)
    client.post(page, {"password1": "a-stolen-secret-8", "password2": "a-stolen-secret-8"})
    assert User.objects.get(id=bob.id).check_password(NEW["password1"])
