"""Text, numbers and lists as the REST API reads them: nothing that was sent is taken for something else."""

import re
import uuid
from typing import Any

from rest_framework import serializers

from members.addresses import canonical
from members.errors import InvalidRequest

DIGITS = re.compile(r"-?[0-9]{1,18}\Z")
"""A whole number in a query; no column here holds a longer one."""


class Text(serializers.CharField):
    """JSON's text. A number is none: whoever sends one has mixed something up."""

    def to_internal_value(self, data: Any) -> str:
        """Answer the text.

        Raises:
            ValidationError: it is none.
        """
        if not isinstance(data, str):
            raise serializers.ValidationError("Give text.", code="invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """JSON's whole number: neither text nor true; 7.0 is one."""

    def to_internal_value(self, data: Any) -> int:
        """Answer the number.

        Raises:
            ValidationError: it is none.
        """
        whole = isinstance(data, int) or (isinstance(data, float) and data.is_integer())
        if isinstance(data, bool) or not whole:
            self.fail("invalid")
        return int(data)


class WholeInQuery(serializers.IntegerField):
    """A whole number in a query, in the digits 0 to 9."""

    def to_internal_value(self, data: Any) -> int:
        """Answer the number.

        Raises:
            ValidationError: it is none.
        """
        if not DIGITS.match(str(data)):
            self.fail("invalid")
        return int(data)


class Several(serializers.ListField):
    """JSON's list. One that is longer than ``max_length`` is refused before any value of it is looked at."""

    def to_internal_value(self, data: Any) -> list[Any]:
        """Answer the values.

        Raises:
            ValidationError: it is no list, is too long, or names each value that is wrong.
        """
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            raise serializers.ValidationError(f"Give at most {self.max_length} of them.", code="max_length")
        values: list[Any] = super().to_internal_value(data)
        return values


class Id(serializers.UUIDField):
    """An id, as text: a number is none."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        """Answer the id.

        Raises:
            ValidationError: it is none.
        """
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        found: uuid.UUID = super().to_internal_value(data)
        return found


class AddressInQuery(serializers.CharField):
    """An email address in a query, answered as it is stored."""

    def to_internal_value(self, data: Any) -> str:
        """Answer the address in lower case.

        Raises:
            ValidationError: it is none.
        """
        text = super().to_internal_value(data)
        try:
            return canonical(text)
        except InvalidRequest as error:
            hint = " In a query, a plus sign is written as %2B." if " " in text.strip() else ""
            code = error.extra["errors"][0]["code"]
            raise serializers.ValidationError(f"{error.message}{hint}", code=code) from None
