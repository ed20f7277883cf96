"""Reminders: one for each sending of an offer of three days or more, two days before it ends, with the same link."""

from datetime import timedelta

from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from billing_seats.plans import Feature, plans_with
from invitations.limits import HELD
from invitations.models import Delivery, Invitation, InvitationStatus, Kind

LEAD = timedelta(days=2)
SHORTEST = timedelta(days=3)
BATCH = 1_000


def due() -> QuerySet[Invitation]:
    """Answer the live offers that end within two days, and whose invitees were not reminded since the last sending.

    Left out are workspaces that turned reminders off or whose plan does not let anyone join, and addresses that are
    held back.
    """
    mails = Delivery.objects.filter(workspace=OuterRef("workspace"))
    reminded = mails.filter(invitation=OuterRef("pk"), generation=OuterRef("generation"), kind=Kind.REMINDER)
    held = mails.filter(HELD, recipient=OuterRef("email"))
    return Invitation.objects.filter(
        ~Exists(reminded),
        ~Exists(held),
        status=InvitationStatus.PENDING,
        expires_at__gt=Now(),
        expires_at__lte=Now() + LEAD,
        expires_at__gte=F("sent_at") + SHORTEST,
        workspace__reminders=True,
        workspace__subscription__plan__in=plans_with(Feature.INVITATIONS),
    )


def remind() -> int:
    """Queue a reminder for each due offer, and answer how many were due.

    Two that do this at once queue each reminder once; what is no longer true when it is sent is cancelled then.
    """
    found = 0
    while batch := list(due().order_by("expires_at")[:BATCH]):
        Delivery.objects.bulk_create([_reminder(invitation) for invitation in batch], ignore_conflicts=True)
        found += len(batch)
    return found


def _reminder(invitation: Invitation) -> Delivery:
    return Delivery(
        workspace_id=invitation.workspace_id,
        invitation=invitation,
        generation=invitation.generation,
        kind=Kind.REMINDER,
        recipient=invitation.email,
        language=invitation.language,
    )
