"""Filters of the email templates."""

import re
import unicodedata

from django import template
from django.template.defaultfilters import stringfilter

register = template.Library()

WORD_JOINER = "\u2060"
_LINKING = re.compile("[.:/@\u3002\uff0e\uff61]")
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that let what follows run the other way: in a name they would turn our words around."""


@register.filter
@stringfilter
def unlinked(text: str) -> str:
    """Return one line of text in which no mail client finds a link; it looks the same.

    Otherwise a workspace named "evil.example" would put its own link into our mail. An invisible word joiner (no
    space, no line break) before each dot, colon, slash and at sign is not part of any host name. The result is still
    unescaped: autoescaping does that.
    """
    return _LINKING.sub(lambda found: WORD_JOINER + found[0], one_line(text))


@register.filter
@stringfilter
def unlinked_lines(text: str) -> str:
    """Return the text as ``unlinked`` does, keeping its lines."""
    return "\n".join(unlinked(line) for line in text.splitlines())


def one_line(text: str) -> str:
    """Return the text on one line, without control characters or changes of writing direction."""
    kept = (char for char in " ".join(text.split()) if char not in _TURNING and unicodedata.category(char) != "Cc")
    return "".join(kept)
