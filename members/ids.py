"""The one place where ids are made."""

import uuid

import uuid_utils.compat


def new_id() -> uuid.UUID:
    """Return a version-7 UUID: it sorts by creation time, so indexes grow at their end."""
    return uuid_utils.compat.uuid7()
