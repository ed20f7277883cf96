"""What goes with a person's account from the tables of invitations: offers to them and by them, and their emails."""

import uuid
from collections.abc import Collection

from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Cast, Concat

from invitations.models import Delivery, DeliveryEvent, Invitation, InvitationStatus, Kind, LinkOpening
from invitations.services import end, lock_pending
from members.addresses import ERASED
from members.models import Workspace
from members.outbox.queue import OPEN, State

_ERASED = Concat(Cast(F("id"), CharField()), Value(f"@{ERASED}"))
"""An address of each row's own: emails are unique by invitation and recipient."""


def invitations_to(user_id: uuid.UUID, addresses: Collection[str]) -> set[uuid.UUID]:
    """Return the ids of the invitations to these addresses, or that the person accepted."""
    theirs = Invitation.objects.filter(Q(email__in=addresses) | Q(accepted_by=user_id))
    return set(theirs.values_list("id", flat=True))


def revoke_pending(workspace: Workspace, addresses: Collection[str]) -> None:
    """Revoke the pending invitations to these addresses in a workspace that is locked."""
    pending = workspace.invitations.filter(email__in=addresses, status=InvitationStatus.PENDING)
    for invitation_id in list(pending.order_by("id").values_list("id", flat=True)):
        end(lock_pending(workspace, invitation_id), InvitationStatus.REVOKED)


def forget(user_id: uuid.UUID, addresses: Collection[str], invitations: Collection[uuid.UUID]) -> None:
    """Blank the invitations to the person and the emails of theirs, and their name in invitations that they sent."""
    workspaces = Workspace.objects.values("id")
    theirs = Q(invitation__in=invitations, kind__in=[Kind.INVITATION, Kind.REMINDER])
    mails = Delivery.objects.filter(theirs | Q(workspace__in=workspaces, recipient__in=addresses))
    ids = list(mails.values_list("id", flat=True))
    DeliveryEvent.objects.filter(workspace__in=workspaces, delivery__in=ids).update(detail="", event_id="")
    LinkOpening.objects.filter(workspace__in=workspaces, invitation__in=invitations).update(agent="")
    mails = Delivery.objects.filter(id__in=ids)
    # A worker that is just sending one of them no longer holds its lease: what it learns is not written.
    mails.filter(state__in=OPEN).update(state=State.CANCELLED)
    mails.update(
        recipient=_ERASED,
        message_id=Concat(Value("<"), _ERASED, Value(">")),
        provider_message_id="",
        lease=None,
        leased_until=None,
        error="",
    )
    blank = {"note": "", "external_id": "", "metadata": {}}
    Invitation.objects.filter(id__in=invitations).update(email=_ERASED, **blank)
    Invitation.objects.filter(invited_by_id=user_id).update(invited_by_name="", note="")
