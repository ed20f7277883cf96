"""Parts of pages that depend on nothing but the reader's language: made at the first asking, and kept."""

from functools import cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()


@register.simple_tag
def once(name: str) -> SafeString:
    """Answer what the template of this name shows, which is given nothing."""
    return _made(name, get_language())


@cache
def _made(name: str, language: str) -> SafeString:  # noqa: ARG001 -- what the words depend on
    return render_to_string(name)
