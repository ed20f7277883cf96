"""What "live", "expired" and "lapsed" mean, as conditions by the database's clock, in this one place."""

from django.db.models import BooleanField, ExpressionWrapper, Q, TextChoices
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """A member's stored status; MEMBER_STATUSES has the ones that people see."""

    INVITED = "invited", _("Invited")
    ACTIVE = "active", _("Active")
    DEACTIVATED = "deactivated", _("Deactivated")


LIVE = Q(expires_at=None) | Q(expires_at__gt=Now())
"""The row has no end, or one in the future."""


def ended(path: str = "") -> Q:
    """Return whether the row at this path has passed its end; partial indexes need the first half."""
    return Q(**{f"{path}expires_at__isnull": False, f"{path}expires_at__lte": Now()})


ENDED = ended()
IS_EXPIRED = ExpressionWrapper(ENDED, output_field=BooleanField())
"""ENDED as a column."""

EXPIRED_LABELS = {"expired": _("Expired"), "lapsed": _("Lapsed")}
"""What people read instead of the stored status once the end has passed."""
MEMBER_STATUSES: dict[str, Q] = {
    "invited": Q(status=Status.INVITED, expires_at__gt=Now()),
    "expired": Q(status=Status.INVITED, expires_at__lte=Now()),
    "active": LIVE & Q(status=Status.ACTIVE),
    "lapsed": Q(status=Status.ACTIVE, expires_at__lte=Now()),
    "deactivated": Q(status=Status.DEACTIVATED),
}
"""A member's status as people see it: an invitee whose offer has ended is expired, a guest past their end lapsed."""
