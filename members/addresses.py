"""Email addresses, in the one form that the console stores and compares."""

import re
import unicodedata
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _

from members.errors import InvalidRequest

MAX_LENGTH = 254
MAX_LOCAL_LENGTH = 64
"""Characters before the @ (RFC 5321)."""
ERASED = "erased.invalid"
"""The domain of what stands in place of an erased person's address; no mail ever reaches it (RFC 2606)."""
_TOKEN = re.compile(
    r"""
      "[^"<>\r\n]*"  # a name in quotes, which may hold a comma
    | (?<![^\s,;])'(?:[^'<>\r\n]|\b'\b)*'(?=\s*<)  # Outlook's quotes; those of O'Neil are none
    | <[^<>,;\r\n]*>  # the address after a name
    | [,;\t\n\r]
    | <[^\s,;<"]*  # a bracket that is never closed
    | [^\s,;<"]+
    | "
    """,
    re.VERBOSE,
)
_SEPARATORS = frozenset(",;\t\n\r")
_QUOTES = ('"', "'")
_NO_PART_OF_A_NAME = re.compile(r'["\\<>]')
# Django would accept names without a dot, such as localhost.
_validate = EmailValidator(allowlist=[])


def canonical(text: str) -> str:
    """Return the address in lower case, as it is stored, or raise InvalidRequest unless it is a single plain address.

    Look-alike letters are refused rather than mapped: an address that NFKC or case folding would turn into another
    was not typed by its owner. So are letters beyond ASCII, since two of them can look the same, and what email can't
    reach: IP addresses in brackets, names without a dot, and `.invalid`.
    """
    text = text.strip(" \t")
    if not text:
        raise InvalidRequest(_("Enter an email address."), field="email", code="required")
    if len(text) > MAX_LENGTH:
        raise InvalidRequest(_("This email address is too long."), field="email", code="max_length")
    folded = unicodedata.normalize("NFKC", text).casefold()
    if not text.isascii() or folded != text.lower():
        message = _("This email address contains look-alike characters. Type it with plain letters.")
        raise InvalidRequest(message, field="email", code="look_alike")
    local, _at, domain = folded.rpartition("@")
    if len(local) > MAX_LOCAL_LENGTH:
        message = _("An email address has at most %(most)s characters before the @.") % {"most": MAX_LOCAL_LENGTH}
        raise InvalidRequest(message, field="email", code="max_length")
    try:
        _validate(folded)
    except ValidationError:
        raise _invalid() from None
    if domain.startswith("[") or domain.endswith(".invalid"):
        raise _invalid()
    return folded


def _invalid() -> InvalidRequest:
    return InvalidRequest(_("This is not a valid email address."), field="email")


class Mailbox(NamedTuple):
    """An address as typed, and the name that stood before it."""

    email: str
    name: str = ""

    def __str__(self) -> str:
        name = f'"{self.name}"' if set(self.name) & set(",;'@") else self.name
        return f"{name} <{self.email}>" if name else self.email


def split(text: str) -> list[Mailbox]:
    """Return the people of a pasted list, each address once, in any letter case.

    Commas, semicolons, spaces, tabs and new lines separate. Names are understood as mail programs copy them:
    ``"Doe, Zoe" <zoe@example.com>; 'Ada' <ada@example.com>``. What is no address stays, to be refused by name.
    """
    found: list[Mailbox] = []
    words: list[str] = []
    for token in _TOKEN.findall(text):
        if token in _SEPARATORS:
            found += map(_bare, words)
            words = []
        elif token.startswith("<") and "@" in token:
            # What precedes it since the last separator or address is the person's name.
            found.append(_named(token, words))
            words = []
        elif "@" in token and not token.startswith(_QUOTES):
            found += map(_bare, [*words, token])
            words = []
        else:
            words.append(token)
    people: dict[str, Mailbox] = {}
    for person in [*found, *map(_bare, words)]:
        same = people.setdefault(person.email.lower(), person)
        if person.name and not same.name:
            people[person.email.lower()] = same._replace(name=person.name)
    return list(people.values())


def _bare(word: str) -> Mailbox:
    is_quoted = "@" in word and len(word) > 1 and word.startswith(_QUOTES) and word[0] == word[-1]
    return Mailbox(word[1:-1].strip() if is_quoted else word)


def _named(token: str, words: list[str]) -> Mailbox:
    if not token.endswith(">"):
        return Mailbox(" ".join([*words, token]))
    email = token[1:-1].strip()
    name = " ".join(_NO_PART_OF_A_NAME.sub("", " ".join(words)).split())
    name = name[1:-1].strip() if len(name) > 1 and name[0] == name[-1] == "'" else name
    return Mailbox(email, name if name != email else "")
