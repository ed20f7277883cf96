"""Names of people and workspaces: cleaned at the door, folded for sorting, and the words they are found by."""

import unicodedata
from uuid import UUID

from django.utils.translation import gettext as _

from members.errors import InvalidRequest

MAX_LENGTH = 100
FOLDED_LENGTH, LABEL_LENGTH = 360, 254
"""Characters of a folded text that are kept (one letter can fold to eighteen), and of a label in the audit log."""
WORD_LENGTH = 163
"""Characters of a word by which it is found: as many as ``member_lexemes`` keeps beside the workspace's id."""


def clean_name(text: str, field: str = "name") -> str:
    """Return the trimmed name.

    Raises:
        InvalidRequest: empty, longer than 100 characters, or with control characters or line breaks.
    """
    text = text.strip()
    if not text:
        raise InvalidRequest(_("Enter a name."), field=field, code="required")
    if len(text) > MAX_LENGTH:
        raise InvalidRequest(_("Use at most 100 characters."), field=field, code="max_length")
    if any(unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} for char in text):
        raise InvalidRequest(_("Control characters and line breaks are not allowed."), field=field)
    return text


def fold(text: str) -> str:
    """Return the text without accents and case, as it is sorted and searched, cut to 360 characters."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()[:FOLDED_LENGTH]


def with_address(name: str, email: str) -> str:
    """Return "Name <address>"; the address alone where there is no name, or no room for both in the audit log."""
    both = f"{name} <{email}>" if email and name not in {"", email} else email or name
    return both if len(both) <= LABEL_LENGTH else email


def lexemes_of(workspace_id: UUID, text: str) -> str:
    """Return the tsquery for members of the workspace with words that begin so; empty if ``text`` has no words."""
    words = "".join(char if char.isalnum() else " " for char in fold(text)).split()
    return " & ".join(f"'{workspace_id}:{word[:WORD_LENGTH]}':*" for word in words[:8])
