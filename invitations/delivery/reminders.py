"""Reminders: one per sending, two days before an offer of three days or more expires, with the same link."""

from datetime import timedelta

from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from billing_seats.plans import Feature, plans_with
from invitations.models import Delivery, Invitation, InvitationStatus, Kind, suppressed

LEAD = timedelta(days=2)
SHORTEST = timedelta(days=3)
BATCH = 1_000


def due() -> QuerySet[Invitation]:
    """Return the live offers that expire within two days and had no reminder since the last sending.

    Workspaces without reminders, or whose plan lets nobody join, and suppressed addresses are left out.
    """
    mails = Delivery.objects.filter(workspace=OuterRef("workspace"))
    reminded = mails.filter(invitation=OuterRef("pk"), generation=OuterRef("generation"), kind=Kind.REMINDER)
    return Invitation.objects.filter(
        ~Exists(reminded),
        ~suppressed("email"),
        status=InvitationStatus.PENDING,
        expires_at__gt=Now(),
        expires_at__lte=Now() + LEAD,
        expires_at__gte=F("sent_at") + SHORTEST,
        workspace__reminders=True,
        workspace__subscription__plan__in=plans_with(Feature.INVITATIONS),
    )


def remind() -> int:
    """Queue a reminder for each due offer, and return how many were due.

    Concurrent calls queue each reminder once. What is no longer true when it would be sent is cancelled then.
    """
    found = 0
    while batch := list(due().order_by("expires_at")[:BATCH]):
        Delivery.objects.bulk_create(
            [Delivery.of_invitation(invitation, Kind.REMINDER) for invitation in batch], ignore_conflicts=True
        )
        found += len(batch)
    return found
