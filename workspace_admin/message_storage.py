"""Where flash messages wait for the next page: in a cookie named and flagged like ours, else in the session."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class NamedCookieStorage(CookieStorage):
    """Django's, which has settings for all of the cookie but its name."""

    cookie_name = settings.MESSAGE_COOKIE_NAME


class MessageStorage(FallbackStorage):
    """settings.MESSAGE_STORAGE."""

    storage_classes = (NamedCookieStorage, SessionStorage)
