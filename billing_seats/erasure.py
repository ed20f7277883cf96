"""What goes with a person's account from the tables of seats: notices to them, and previews they asked for."""

import uuid
from collections.abc import Collection

from billing_seats.models import MemberPreview, Notice


def forget(user_id: uuid.UUID, addresses: Collection[str]) -> None:
    """Delete the notices to these addresses, sent or waiting, and the person's previews."""
    Notice.objects.filter(recipient__in=addresses).delete()
    MemberPreview.objects.filter(actor_id=user_id).delete()
