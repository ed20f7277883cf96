"""Filters of the email templates."""

import re

from django import template
from django.template.defaultfilters import stringfilter

register = template.Library()

WORD_JOINER = "\u2060"
_LINKING = re.compile("[.:/\u3002\uff0e\uff61]")


@register.filter
@stringfilter
def unlinked(text: str) -> str:
    """Text in which no mail client finds an address of a page to make a link of; it looks the same.

    Whoever names a workspace "evil.example" would otherwise put a link of their own into our mail. An invisible
    word joiner (no space, no line break) before each dot, colon and slash is not part of any host name.
    The result is still unescaped: autoescaping does that.
    """
    return _LINKING.sub(lambda found: WORD_JOINER + found[0], text)
