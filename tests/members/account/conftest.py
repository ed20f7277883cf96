"""Account mail as it would leave."""

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from members.account import emails
from members.account.address_change import ask_for_address
from members.models import AccountMail, User
from tests.members.account.addresses import NEW


@pytest.fixture
def sent(db) -> Callable[[], list[EmailMultiAlternatives]]:
    """What stands in the outbox, rendered; mails that are no longer true are left out."""

    def render() -> list[EmailMultiAlternatives]:
        rendered = [emails.render(mail) for mail in AccountMail.objects.order_by("created_at")]
        return [message for message in rendered if message is not None]

    return render


@pytest.fixture
def link_in() -> Callable[[EmailMultiAlternatives], str]:
    """The one link of a message, as a path of the console."""

    def find(message: EmailMultiAlternatives) -> str:
        [link] = set(re.findall(rf"{re.escape(settings.BASE_URL)}(/\S+)", message.body))
        return link

    return find


@pytest.fixture
def link_for(sent, link_in):
    """The link that a person is sent who asks for an address."""

    def ask(user: User, address: str = NEW) -> str:
        ask_for_address(user, address)
        return link_in([message for message in sent() if message.to == [address]][-1])

    return ask
