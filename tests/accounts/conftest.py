"""Account mail as it would leave."""

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from members import emails
from members.models import AccountMail


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
