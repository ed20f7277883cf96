"""What the notices about seats say, and whether they are still true."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from billing_seats.budgets import SeatCount, seat_counts
from billing_seats.models import Notice
from members.access import ROLE_TABLE, Action
from members.outbox.compose import compose


def render(notice: Notice) -> EmailMultiAlternatives | None:
    """Return the message of a notice, read from the database as it is now.

    None where it is no longer true: there are seats again, a later notice says the same, the product is no longer sold,
    or the reader no longer looks after seats.
    """
    count = next((one for one in seat_counts(notice.workspace) if one.product.pk == notice.product_id), None)
    if count is None or not _is_true(notice, count) or not _is_wanted(notice):
        return None
    return compose(
        f"seats_{notice.kind}",
        to=notice.recipient,
        language=notice.language,
        message_id=notice.message_id,
        key=str(notice.pk),
        context={
            "workspace": notice.workspace.name,
            "count": count,
            "self_service": settings.SELF_SERVICE_SEATS,
            "url": settings.BASE_URL + reverse("subscription", args=[notice.workspace.slug]),
            "email": notice.recipient,
        },
    )


def _is_true(notice: Notice, count: SeatCount) -> bool:
    if count.product.retired:
        return False
    return not count.available if notice.kind == Notice.Kind.REFUSED else count.is_low


def _is_wanted(notice: Notice) -> bool:
    readers = notice.workspace.memberships.active().filter(role__in=ROLE_TABLE[Action.VIEW_SUBSCRIPTION])
    later = notice.workspace.notices.filter(product=notice.product_id, kind=notice.kind, recipient=notice.recipient)
    return (
        readers.filter(email=notice.recipient).exists() and not later.filter(created_at__gt=notice.created_at).exists()
    )
