"""What goes with a person's account from the tables of seats: notices to them, and previews they asked for."""

import uuid
from collections.abc import Collection

from django.db.models import Q

from billing_seats.models import MemberPreview, Notice, UndoableChange


def forget(user_id: uuid.UUID, addresses: Collection[str]) -> None:
    """Delete the notices to these addresses, sent or waiting, the person's previews, and what would bring them back."""
    Notice.objects.filter(recipient__in=addresses).delete()
    MemberPreview.objects.filter(actor_id=user_id).delete()
    UndoableChange.objects.filter(Q(actor_id=user_id) | Q(inverse__place__user_id=str(user_id))).delete()
