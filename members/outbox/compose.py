"""Builds every email from three templates of one name, in the reader's language."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from members.templatetags.mail import one_line


def compose(  # noqa: PLR0913 -- the parts of a message, all by keyword
    template: str, *, to: str, language: str, message_id: str, key: str, context: dict[str, Any]
) -> EmailMultiAlternatives:
    """Return a message made from ``emails/<template>.subject.txt``, ``.txt`` and ``.html``.

    ``language`` is a code of settings.LANGUAGES, "" for the default. ``message_id`` and ``key`` (the idempotency key)
    stay the same for every attempt, so that a second copy can be told from a second message. The provider's open and
    click tracking is off, since it would rewrite the link.
    """
    with translation.override(language or settings.LANGUAGE_CODE):
        known = {**context, "language": translation.get_language()}
        subject = one_line(render_to_string(f"emails/{template}.subject.txt", known))
        text = render_to_string(f"emails/{template}.txt", known).strip() + "\n"
        html = render_to_string(f"emails/{template}.html", {**known, "subject": subject})
    headers = {"Message-ID": message_id, "Auto-Submitted": "auto-generated"}
    message = EmailMultiAlternatives(subject, text, to=[to], headers=headers)
    message.attach_alternative(html, "text/html")
    # anymail reads these from the message; SMTP and the mailbox folder do not know them. Its webhooks repeat the
    # metadata: by them even a message is recognised whose answer, and with it the provider's id, was lost.
    message.__dict__.update(track_opens=False, track_clicks=False, metadata={"mail": key})
    return message
