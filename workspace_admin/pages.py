"""What every page needs: the context of its shell, flash messages, and tags for parts that are rendered once."""

from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest
from django.template import Context
from django.template.loader import render_to_string
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from lucide.templatetags.lucide import lucide

from members.models import Workspace

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


register.simple_tag(cache(lucide), name="lucide")  # drawing one costs more than a database query


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the workspaces of the switcher, where the person is an active member: read when a page shows them."""

    def mine() -> list[Workspace]:
        if not request.user.is_authenticated:
            return []
        rows = request.user.memberships.active().select_related("workspace").order_by("workspace__name")
        return [row.workspace for row in rows]

    return {"my_workspaces": SimpleLazyObject(mine)}


class NamedCookieStorage(CookieStorage):
    """Django's, which has settings for all of the cookie but its name."""

    cookie_name = settings.MESSAGE_COOKIE_NAME


class MessageStorage(FallbackStorage):
    """settings.MESSAGE_STORAGE."""

    storage_classes = (NamedCookieStorage, SessionStorage)
