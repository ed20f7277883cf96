"""Template tags for parts that many rows or pages repeat: rendered once and kept as text."""

from functools import cache

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()


@register.simple_tag
def cached_include(name: str) -> SafeString:
    """Return a template that needs no context, rendered once in each language for the life of the process."""
    return _rendered(name, get_language())


@register.simple_tag(takes_context=True)
def render_once(context: Context, name: str, **values: object) -> SafeString:
    """Return a template rendered with these values and the page's CSRF token: to keep with ``as`` outside a loop."""
    return render_to_string(name, {"csrf_token": context.get("csrf_token"), **values})


@cache
def _rendered(name: str, language: str) -> SafeString:  # noqa: ARG001 -- the text depends on it
    return render_to_string(name)
