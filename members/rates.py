"""How many calls a key may make: so many a minute, counted in one statement that waits for no disk."""

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from members.errors import RateLimited

WINDOW = 60
"""Seconds from a key's first call until it is counted anew."""

# The table is not logged, so this commit writes nothing out.
_COUNT = """
INSERT INTO members_callcount AS count (key_id, since, calls) VALUES (%s, statement_timestamp(), 1)
ON CONFLICT (key_id) DO UPDATE SET
    calls = CASE WHEN count.since > excluded.since - interval '60 seconds' THEN count.calls + 1 ELSE 1 END,
    since = CASE WHEN count.since > excluded.since - interval '60 seconds' THEN count.since ELSE excluded.since END
RETURNING calls, 60 - extract(epoch FROM statement_timestamp() - since)
"""


@dataclass(frozen=True)
class Rate:
    """How a key stands after a call; ``reset`` is in seconds, from now."""

    limit: int
    calls: int
    reset: int

    @property
    def first(self) -> bool:
        """Whether this call began a minute."""
        return self.calls == 1

    @property
    def headers(self) -> dict[str, str]:
        """What the caller is told (draft-ietf-httpapi-ratelimit-headers)."""
        left = max(0, self.limit - self.calls)
        return {
            "RateLimit-Policy": f'"minute";q={self.limit};w={WINDOW}',
            "RateLimit": f'"minute";r={left};t={self.reset}',
        }

    def check(self) -> None:
        """Let the call through.

        Raises:
            RateLimited: it is one too many.
        """
        if self.calls > self.limit:
            raise RateLimited(f"This key made {self.limit} calls within a minute.", retry_after=self.reset)


def count(key_id: uuid.UUID) -> Rate:
    """Count one call of the key, and answer how it stands."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [key_id])
        calls, seconds = cursor.fetchone()
    return Rate(settings.API_CALLS_PER_MINUTE, calls, min(WINDOW, max(1, round(seconds))))
