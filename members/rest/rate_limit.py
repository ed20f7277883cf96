"""How many calls a key may make: so many a minute, counted where the key is looked up."""

from dataclasses import dataclass

from django.conf import settings

from members.errors import RateLimited

WINDOW = 60
"""Seconds from a key's first call until it is counted anew."""


@dataclass(frozen=True)
class Rate:
    """How a key stands after a call; ``reset`` is in seconds, from now."""

    limit: int
    calls: int
    reset: int

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


def rate(calls: int, seconds: float) -> Rate:
    """Return the rate of a key with this many calls in a window that ends in this many seconds."""
    return Rate(settings.API_CALLS_PER_MINUTE, calls, min(WINDOW, max(1, round(seconds))))
