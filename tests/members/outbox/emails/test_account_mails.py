"""Mails about accounts: written to the outbox by what causes them, with no link at rest."""

import pytest
from django.urls import reverse

from members.account.emails import render
from members.models import AccountMail
from tests.conftest import PASSWORD


def test_a_changed_password_is_told(client_for, alice, settings):
    new = "a-better-one-42"
    values = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    client_for(alice).post(reverse("account_change_password"), values)
    message = render(AccountMail.objects.get(user=alice))
    assert (message.to, message.subject) == ([alice.email], "Your password was changed")
    assert settings.BASE_URL + reverse("account_reset_password") in message.body


def test_a_password_that_was_refused_is_not_told(client_for, alice):
    client_for(alice).post(reverse("account_change_password"), {"oldpassword": "wrong", "password1": "x"})
    assert not AccountMail.objects.exists()


@pytest.mark.parametrize(
    ("language", "subject"), [("en", "Set a new password"), ("fr", "Choisir un nouveau mot de passe")]
)
def test_account_mails_speak_the_language_of_the_page(client, alice, language, subject):
    client.post(reverse("account_reset_password"), {"email": alice.email}, headers={"accept-language": language})
    message = render(AccountMail.objects.get())
    assert message.subject == subject
    assert message.to == [alice.email]


def test_an_unknown_address_is_told_so_by_mail_only(client, db):
    response = client.post(reverse("account_reset_password"), {"email": "nobody@new.example"}, follow=True)
    assert "nobody" not in response.content.decode()
    assert render(AccountMail.objects.get()).subject == "There is no account for this address"
