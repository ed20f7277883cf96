"""Names, customers' own ids and labels: cleaned at the door; names are also folded for sorting and search."""

import unicodedata
from collections.abc import Mapping
from uuid import UUID

from django.utils.translation import gettext as _

from members.errors import InvalidRequest

MAX_LENGTH = 100
FOLDED_LENGTH, LABEL_LENGTH = 360, 254
"""Most characters of a folded text (one letter can fold to eighteen), and of a label in the audit log."""
WORD_LENGTH = 163
"""Characters of a word that are searched: as many as ``member_lexemes`` keeps beside the workspace's id."""


def clean_name(text: str, field: str = "name") -> str:
    """Return the trimmed name; raise InvalidRequest if it is empty, too long or has control characters."""
    text = text.strip()
    if not text:
        raise InvalidRequest(_("Enter a name."), field=field, code="required")
    if len(text) > MAX_LENGTH:
        raise InvalidRequest(_("Use at most 100 characters."), field=field, code="max_length")
    if any(unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} for char in text):
        raise InvalidRequest(_("Control characters and line breaks are not allowed."), field=field)
    return text


def fold(text: str) -> str:
    """Return the text without accents and case, cut to 360 characters, for sorting and search."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()[:FOLDED_LENGTH]


def with_address(name: str, email: str) -> str:
    """Return "Name <address>", or the address alone if there is no name or no room for both in the audit log."""
    both = f"{name} <{email}>" if email and name not in {"", email} else email or name
    return both if len(both) <= LABEL_LENGTH else email


def lexemes_of(workspace_id: UUID, text: str) -> str:
    """Return the tsquery for members of the workspace with words that start with these; "" if there are none."""
    words = "".join(char if char.isalnum() else " " for char in fold(text)).split()
    return " & ".join(f"'{workspace_id}:{word[:WORD_LENGTH]}':*" for word in words[:8])


MAX_EXTERNAL_ID = 255
MAX_KEYS = 20
MAX_KEY_LENGTH = 40
MAX_VALUE_LENGTH = 500


def clean_external_id(text: str) -> str:
    """Return the id as it is stored, "" for none; raise InvalidRequest if it is too long or not printable."""
    if len(text) > MAX_EXTERNAL_ID or not text.isprintable():
        message = _("Use at most %(most)s printable characters.") % {"most": MAX_EXTERNAL_ID}
        raise InvalidRequest(message, field="external_id", code="max_length")
    return text


def clean_metadata(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels; raise InvalidRequest if there are too many, one is too long, or one has a NUL."""
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
