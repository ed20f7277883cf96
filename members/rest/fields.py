"""Serializer fields that accept only the JSON type they name; DRF's own take 0 for false, or a number for text."""

import re
import uuid
from datetime import UTC, datetime
from typing import Any

from django.core.validators import ProhibitNullCharactersValidator
from rest_framework import serializers

from members.addresses import canonical
from members.errors import InvalidRequest
from members.names import MAX_EXTERNAL_ID, MAX_KEYS, MAX_VALUE_LENGTH

DIGITS = re.compile(r"-?[0-9]{1,18}\Z")
"""A whole number in a query; no column here holds a longer one."""
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)


class Text(serializers.CharField):
    """A JSON string; numbers are refused."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text, or raise ValidationError."""
        if not isinstance(data, str):
            raise serializers.ValidationError("Enter text.", code="invalid")
        return super().to_internal_value(data)


class AnyText(Text):
    """A JSON string of any characters: what is wrong with it is said by the service, in a bulk call in its row."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_blank=True, trim_whitespace=False, **kwargs)
        self.validators = [one for one in self.validators if not isinstance(one, ProhibitNullCharactersValidator)]


class ExternalId(AnyText):
    """A customer's own id for a person; null stands for none, as where it is returned."""

    def __init__(self, **kwargs: Any) -> None:
        about = f"Your own id for the person, up to {MAX_EXTERNAL_ID} characters; need not be unique."
        super().__init__(allow_null=True, help_text=about, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> str:
        """Return the id, empty for none, or raise ValidationError."""
        return str(super().run_validation(data) or "")


class Metadata(serializers.DictField):
    """A customer's own labels."""

    child = AnyText()

    def __init__(self, **kwargs: Any) -> None:
        about = f"Up to {MAX_KEYS} keys with values of up to {MAX_VALUE_LENGTH} characters, stored as they are."
        super().__init__(help_text=about, **kwargs)


class StrictBoolean(serializers.BooleanField):
    """JSON's true or false; neither 0 nor "no"."""

    def to_internal_value(self, data: object) -> bool:
        """Return the value, or raise ValidationError."""
        if not isinstance(data, bool):
            raise serializers.ValidationError("Use true or false.", code="invalid")
        return data


class StrictInteger(serializers.IntegerField):
    """A JSON integer; neither text nor true. 7.0 is one."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number, or raise ValidationError."""
        whole = isinstance(data, int) or (isinstance(data, float) and data.is_integer())
        if isinstance(data, bool) or not whole:
            self.fail("invalid")
        return int(data)


class IntegerInQuery(serializers.IntegerField):
    """An integer in a query string, in the digits 0 to 9."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number, or raise ValidationError."""
        if not DIGITS.match(str(data)):
            self.fail("invalid")
        return int(data)


class BoundedList(serializers.ListField):
    """A JSON list; one longer than ``max_length`` is refused before any of its values is looked at."""

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the values, or raise ValidationError naming each one that is wrong."""
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            raise serializers.ValidationError(f"Use at most {self.max_length:,} items.", code="max_length")
        values: list[Any] = super().to_internal_value(data)
        return values


class Id(serializers.UUIDField):
    """A UUID as a JSON string; numbers are refused."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        """Return the id, or raise ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        found: uuid.UUID = super().to_internal_value(data)
        return found


class AddressInQuery(serializers.CharField):
    """An email address in a query string, in the form in which it is stored."""

    def to_internal_value(self, data: Any) -> str:
        """Return the canonical address, or raise ValidationError."""
        text = super().to_internal_value(data)
        try:
            return canonical(text)
        except InvalidRequest as error:
            hint = " In a query string, write a plus sign as %2B." if " " in text.strip() else ""
            code = error.extra["errors"][0]["code"]
            raise serializers.ValidationError(f"{error.message}{hint}", code=code) from None


class Timestamp(serializers.DateTimeField):
    """An RFC 3339 time with its offset, returned in UTC."""

    def to_internal_value(self, value: object) -> datetime:
        """Return the time in UTC, or raise ValidationError."""
        found = _read(value) if isinstance(value, str) and RFC_3339.match(value) else None
        if found is None:
            raise serializers.ValidationError("Use an RFC 3339 time, such as 2030-01-31T12:00:00Z.", code="invalid")
        return found


def _read(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
