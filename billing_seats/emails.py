"""What the notices about seats say, and whether they are still true."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils import translation

from billing_seats.counts import seat_counts
from billing_seats.models import Notice
from members.access import ROLE_TABLE, Action
from members.mailing import compose


def render(notice: Notice) -> EmailMultiAlternatives | None:
    """Answer the message of a notice, read from the database as it stands now.

    None where it is no longer true: there are seats again, or the reader no longer looks after them.
    """
    readers = notice.workspace.memberships.active().filter(role__in=ROLE_TABLE[Action.VIEW_SUBSCRIPTION])
    count = next((one for one in seat_counts(notice.workspace) if one.product.pk == notice.product_id), None)
    if count is None or not readers.filter(email=notice.recipient).exists():
        return None
    if not count.is_low or (notice.kind == Notice.Kind.REFUSED and count.available):
        return None
    with translation.override(notice.language or settings.LANGUAGE_CODE):
        context = {
            "workspace": notice.workspace.name,
            "product": notice.product.name,
            "left": count.available,
            "bought": count.purchased,
            "url": settings.BASE_URL + reverse("subscription", args=[notice.workspace.slug]),
        }
    return compose(
        f"seats_{notice.kind}",
        to=notice.recipient,
        language=notice.language,
        message_id=notice.message_id,
        key=str(notice.pk),
        context={**context, "email": notice.recipient},
    )
