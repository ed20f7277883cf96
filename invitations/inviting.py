"""Inviting many addresses at once: each gets its own answer, and what can be sent is sent."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from billing_seats.budgets import seat_budgets
from billing_seats.models import Product
from billing_seats.services import hold, release
from invitations.delivery.deliveries import invitation_mail
from invitations.limits import Allowance
from invitations.models import Delivery, Invitation, InvitationStatus
from members import audit
from members.access import Actor
from members.errors import AlreadyInvited, AlreadyMember, DomainError
from members.models import AuditEvent, Membership, Status, Workspace
from members.names import fold


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is offered, to every address alike."""

    role: str
    products: Sequence[Product]
    language: str
    note: str
    days: int


@dataclass(frozen=True)
class Answer:
    """What became of one address; ``mail`` is what was written to it."""

    email: str
    invitation: Invitation | None = None
    error: DomainError | None = None
    mail: Delivery | None = None

    @property
    def done(self) -> bool:
        """Whether an invitation is on its way."""
        return self.error is None


def standing(
    member: Membership | None, now: datetime, offer: Invitation | None = None, *, lapsed_too: bool = False
) -> DomainError | None:
    """Answer why who has the address cannot be invited, or None; an expired offer is in the way if ``lapsed_too``."""
    if member is None:
        return None
    over = member.expires_at is not None and member.expires_at <= now
    if member.status == Status.DEACTIVATED:
        return AlreadyMember(_("This person is a deactivated member of the workspace. Reactivate them instead."))
    if member.status != Status.INVITED:
        return AlreadyMember(_("This person's access has ended. Extend it instead.") if over else None)
    if over and not lapsed_too:
        return None
    return AlreadyInvited(invitation=str(offer.id) if offer else None)


class Batch:
    """Up to a hundred addresses invited under one lock; each step adds to what is written in the end."""

    def __init__(self, actor: Actor, workspace: Workspace, terms: Terms, emails: Sequence[str]) -> None:
        self.actor, self.workspace, self.terms, self.emails = actor, workspace, terms, emails
        self.allowance = Allowance(actor, workspace, emails)
        self.now = self.allowance.now
        self.ends = self.now + timedelta(days=terms.days)
        self.budgets = seat_budgets(workspace, [one.slug for one in terms.products], wanted=len(emails))
        self.wanting: set[uuid.UUID] = set()

    def invite(self) -> list[Answer]:
        """Answer each address in the order given, with everything written."""
        answers = self.judge()
        mails = {mail.recipient: mail for mail in self._write([one for one in answers if one.done], self.members)}
        return [replace(answer, mail=mails.get(answer.email)) for answer in answers]

    def judge(self) -> list[Answer]:
        """Answer each address in the order given, with nothing written."""
        there = self.allowance.members
        self.members = {row.email: row for row in self.workspace.memberships.filter(id__in=there)} if there else {}
        offers = self._offers(there) if there else {}
        answers = []
        for email in self.emails:
            member = self.members.get(email)
            answers.append(self._judge(email, member, offers.get(member.id) if member else None))
        return answers

    def _offers(self, members: Collection[uuid.UUID]) -> dict[uuid.UUID | None, Invitation]:
        """Answer the pending offers to these members, by the member's id."""
        offers = self.workspace.invitations.filter(status=InvitationStatus.PENDING, membership__in=members)
        return {offer.membership_id: offer for offer in offers}

    def _judge(self, email: str, member: Membership | None, offer: Invitation | None) -> Answer:
        error = standing(member, self.now, offer) or self.allowance.refusal(email) or self._no_room()
        if error is not None:
            return Answer(email, offer, error)
        self.allowance.spend()
        for budget in self.budgets:
            budget.reserve()
        return Answer(email, self._renewed(offer) if offer else self._new(email))

    def _no_room(self) -> DomainError | None:
        refused = [(budget, error) for budget in self.budgets if (error := budget.refusal())]
        self.wanting |= {budget.product.id for budget, _error in refused}
        return refused[0][1] if refused else None

    def _new(self, email: str) -> Invitation:
        return self._with_terms(
            Invitation(
                workspace=self.workspace,
                email=email,
                sent_at=self.now,
                created_at=self.now,
            )
        )

    def _renewed(self, offer: Invitation) -> Invitation:
        offer.generation += 1
        offer.sent_count += 1
        offer.sent_at = self.now
        return self._with_terms(offer)

    def _with_terms(self, invitation: Invitation) -> Invitation:
        terms, actor = self.terms, self.actor
        invitation.role, invitation.language, invitation.note = terms.role, terms.language, terms.note
        invitation.days, invitation.expires_at = terms.days, self.ends
        invitation.product_slugs = [product.slug for product in terms.products]
        invitation.invited_by_type = invitation.last_sender_type = actor.kind
        invitation.invited_by_id = invitation.last_sender_id = actor.id
        invitation.invited_by_name = actor.name
        return invitation

    def _write(self, answers: Sequence[Answer], members: dict[str, Membership]) -> list[Delivery]:
        sent = [answer.invitation for answer in answers if answer.invitation is not None]
        new = [invitation for invitation in sent if invitation.membership_id is None]
        renewed = [invitation for invitation in sent if invitation.membership_id is not None]
        joining = [self._member(invitation) for invitation in new]
        Membership.objects.bulk_create(joining)
        for invitation, member in zip(new, joining, strict=True):
            invitation.membership = member
        Invitation.objects.bulk_create(new)
        again = [members[invitation.email] for invitation in renewed]
        if renewed:
            self._renew(renewed, again)
        hold(self.workspace, [*joining, *again], self.budgets, self.wanting)
        self._record(new, renewed)
        return Delivery.objects.bulk_create([invitation_mail(invitation) for invitation in sent])

    def _member(self, invitation: Invitation) -> Membership:
        return Membership(
            workspace=self.workspace,
            email=invitation.email,
            sort_name=fold(invitation.email),
            role=self.terms.role,
            status=Status.INVITED,
            expires_at=self.ends,
            created_at=self.now,
        )

    def _renew(self, invitations: Sequence[Invitation], members: Sequence[Membership]) -> None:
        release(self.workspace, members)
        Membership.objects.filter(id__in=[member.id for member in members]).update(
            role=self.terms.role, expires_at=self.ends
        )
        for invitation in invitations:
            invitation.save()

    def _record(self, new: Sequence[Invitation], renewed: Sequence[Invitation]) -> None:
        offered: dict[str, list[Any]] = {
            "role": [None, self.terms.role],
            "seats": [[], [product.slug for product in self.terms.products]],
        }
        named = [("invitation.created", row) for row in new] + [("invitation.resent", row) for row in renewed]
        AuditEvent.objects.bulk_create(
            [audit.event(self.actor, self.workspace.id, action, row, offered) for action, row in named]
        )
