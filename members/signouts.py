"""Ending the sign-in sessions of people who have no active membership left."""

import uuid
from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from members.models import Membership, Status, User

AT_ONCE = 500


def end_sessions(user_ids: Collection[uuid.UUID | None]) -> None:
    """End the sign-in sessions of those of these people who have no active membership left.

    Their rows are locked before their memberships are looked at: who is removed from two workspaces at the same moment
    would be spared by both.
    """
    people = User.objects.filter(id__in=[one for one in user_ids if one is not None])
    list(people.select_for_update(no_key=True).order_by("id").values_list("id"))
    left = Membership.objects.active().filter(user=OuterRef("id"))
    people.filter(~Exists(left)).update(sessions_ended_at=Now())


@transaction.atomic
def end_lapsed_sessions() -> int:
    """End the sign-in sessions of people whose last active membership has lapsed since; answer of how many.

    At most 500 at once; those left over are found by the next call.
    """
    lapsed = Membership.objects.filter(status=Status.ACTIVE, expires_at__isnull=False, expires_at__lte=Now())
    since = Q(user__sessions_ended_at=None) | Q(user__sessions_ended_at__lt=F("expires_at"))
    left = Membership.objects.active().filter(user=OuterRef("user_id"))
    found = lapsed.filter(since, ~Exists(left)).order_by().values_list("user_id").distinct()
    people = [user_id for (user_id,) in found[:AT_ONCE]]
    end_sessions(people)
    return len(people)
