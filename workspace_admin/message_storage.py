"""Where messages wait for the next page: in a cookie named and guarded like the others, else in the session."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class Cookie(CookieStorage):
    """Django's, which has a setting for every part of the cookie but its name."""

    cookie_name = settings.MESSAGE_COOKIE_NAME


class Storage(FallbackStorage):
    """settings.MESSAGE_STORAGE."""

    storage_classes = (Cookie, SessionStorage)
