"""Times and truths as the REST API reads them."""

import re
from datetime import UTC, datetime

from rest_framework import serializers

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)
WRONG = "Give a moment as in RFC 3339, such as 2030-01-31T12:00:00Z."


class Moment(serializers.DateTimeField):
    """A moment in RFC 3339, with its offset; answered in UTC. A time without one would be anybody's guess."""

    def to_internal_value(self, value: object) -> datetime:
        """Answer the moment in UTC.

        Raises:
            ValidationError: it is none.
        """
        found = _read(value) if isinstance(value, str) and RFC_3339.match(value) else None
        if found is None:
            raise serializers.ValidationError(WRONG, code="invalid")
        return found


def _read(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class Truth(serializers.BooleanField):
    """JSON's true or false. Neither 0 nor "no" is one: what was meant by them would be anybody's guess."""

    def to_internal_value(self, data: object) -> bool:
        """Answer the value.

        Raises:
            ValidationError: it is none.
        """
        if not isinstance(data, bool):
            raise serializers.ValidationError("Give true or false.", code="invalid")
        return data
