"""Customers' own ids and labels on people: stored and returned, never interpreted."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from members.errors import InvalidRequest

MAX_EXTERNAL_ID = 255
MAX_KEYS = 20
MAX_KEY_LENGTH = 40
MAX_VALUE_LENGTH = 500


def clean_external_id(text: str) -> str:
    """Return the id as it is stored; empty stands for none.

    Raises:
        InvalidRequest: longer than 255 characters, or not printable.
    """
    if len(text) > MAX_EXTERNAL_ID or not text.isprintable():
        message = _("Use at most %(most)s printable characters.") % {"most": MAX_EXTERNAL_ID}
        raise InvalidRequest(message, field="external_id", code="max_length")
    return text


def clean_metadata(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels as they are stored.

    Raises:
        InvalidRequest: more than 20 of them, a key over 40 or a value over 500 characters, or one with a NUL.
    """
    if len(labels) > MAX_KEYS:
        message = _("Use at most %(most)s keys.") % {"most": MAX_KEYS}
        raise InvalidRequest(message, field="metadata", code="max_length")
    for key, value in labels.items():
        if not 0 < len(key) <= MAX_KEY_LENGTH or len(value) > MAX_VALUE_LENGTH or "\0" in key + value:
            message = _("Keys have 1 to %(key)s characters, values at most %(value)s.") % {
                "key": MAX_KEY_LENGTH,
                "value": MAX_VALUE_LENGTH,
            }
            raise InvalidRequest(message, field="metadata")
    return dict(labels)
