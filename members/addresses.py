"""Email addresses, in the one form that the console stores and compares."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _

from members.errors import InvalidRequest

MAX_LENGTH = 254
MAX_LOCAL_LENGTH = 64
"""Characters before the @ (RFC 5321)."""
ERASED = "erased.invalid"
"""The domain of what stands in place of an erased person's address; no mail ever reaches it (RFC 2606)."""
_TOKEN = re.compile(r'"[^"]*"|<[^<>]*>|[,;\n\r]|[^\s,;<"]+|[<"]')
_SEPARATORS = frozenset(",;\n\r")
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


def split(text: str) -> list[str]:
    """Return the addresses of a pasted list, as typed and without repeats.

    Commas, semicolons, spaces and new lines separate. Of ``Zoe Doe <zoe@example.com>``, as mail programs copy it, only
    the address is returned.
    """
    found: list[str] = []
    names: list[str] = []
    for token in _TOKEN.findall(text):
        if token in _SEPARATORS:
            found += names
            names = []
        elif token.startswith("<") and "@" in token:
            # What precedes it since the last separator or address is the person's name.
            found.append(token.strip("<> \t"))
            names = []
        elif "@" in token:
            found += [*names, token]
            names = []
        else:
            names.append(token)
    return list(dict.fromkeys([*found, *names]))
