"""Email addresses, in the one form that the console stores and compares."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from members.errors import InvalidRequest

MAX_LENGTH = 254
_SEPARATORS = re.compile(r"[,;\s]+")


def canonical(text: str) -> str:
    """Answer the address in lower case, as it is stored.

    Look-alike letters are refused rather than mapped: what NFKC and case folding would turn into another address was
    not typed by its owner. Letters beyond ASCII are accepted in no part, since two of them can look the same.

    Raises:
        InvalidRequest: the text is no single plain address.
    """
    text = text.strip(" \t")
    if not text:
        raise InvalidRequest(_("Enter an email address."), field="email", code="required")
    if len(text) > MAX_LENGTH:
        raise InvalidRequest(_("This address is too long."), field="email", code="max_length")
    folded = unicodedata.normalize("NFKC", text).casefold()
    if not text.isascii() or folded != text.lower():
        message = _("This address has letters that look like others. Type it with plain letters.")
        raise InvalidRequest(message, field="email", code="look_alike")
    try:
        validate_email(folded)
    except ValidationError:
        message = _("This is not a valid email address.")
        raise InvalidRequest(message, field="email") from None
    return folded


def split(text: str) -> list[str]:
    """Answer the pieces of pasted text: commas, semicolons, spaces and new lines separate; repeats fall away."""
    return list(dict.fromkeys(piece for piece in _SEPARATORS.split(text) if piece))
