"""Inviting any number of addresses, each with its own result."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from billing_seats.budgets import require_sold, seat_budgets
from billing_seats.plans import Feature, require_feature
from billing_seats.services import hold, release
from invitations.limits import Allowance
from invitations.models import DAYS, DEFAULT_DAYS, NOTE_LENGTH, Delivery, Invitation, InvitationStatus
from members import audit
from members.access import Action, Actor, require
from members.acting import acting
from members.addresses import canonical
from members.clock import database_now
from members.errors import AlreadyInvited, AlreadyMember, DomainError, Duplicate, InvalidRequest
from members.models import AuditEvent, Membership, Role, Status, Workspace
from members.names import clean_external_id, clean_metadata, clean_name, fold

CHUNK = 100
"""Addresses per transaction: a lock is held for tens of milliseconds, not for the whole of a long list."""
MAX_ADDRESSES = 1_000


@dataclass(frozen=True, kw_only=True)
class Invitee:
    """A person to invite, and the terms; ``email`` as typed, ``products`` by slug."""

    email: str
    name: str = ""
    role: str = Role.MEMBER
    products: Sequence[str] = ()
    language: str = ""
    note: str = ""
    days: int = DEFAULT_DAYS
    external_id: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    def cleaned(self) -> "Invitee":
        """Return the invitee with address and terms as they are stored, or raise InvalidRequest."""
        self.require_valid_terms()
        return replace(
            self,
            email=canonical(self.email),
            name=clean_name(self.name) if self.name else "",
            products=tuple(dict.fromkeys(self.products)),
            note=self.note.strip(),
            external_id=clean_external_id(self.external_id),
            metadata=clean_metadata(self.metadata),
        )

    def require_valid_terms(self) -> None:
        """Raise InvalidRequest unless role, language, note and days are valid."""
        if self.role not in Role.values:
            raise InvalidRequest(_("Choose Admin, Member or Billing."), field="role", code="unknown")
        if self.language and self.language not in dict(settings.LANGUAGES):
            raise InvalidRequest(_("Choose one of the available languages."), field="locale", code="unknown")
        if self.days not in DAYS:
            raise InvalidRequest(_("Choose 1 to 30 days."), field="expires_in_days", code="out_of_range")
        if len(self.note) > NOTE_LENGTH or "\x00" in self.note:
            message = _("Write at most %(most)s characters of plain text.") % {"most": NOTE_LENGTH}
            raise InvalidRequest(message, field="message", code="max_length")


@dataclass(frozen=True)
class InviteResult:
    """The result for one address; ``invitation`` is the one sent, or the one in the way; ``mail`` what was queued."""

    email: str
    invitation: Invitation | None = None
    error: DomainError | None = None
    mail: Delivery | None = None

    @property
    def done(self) -> bool:
        """Whether the person was invited."""
        return self.error is None


def invite(  # noqa: PLR0913 -- the offer's terms, each named by the caller
    actor: Actor,
    emails: Sequence[str],
    *,
    names: Mapping[str, str] | None = None,
    role: str = Role.MEMBER,
    products: Sequence[str] = (),
    language: str = "",
    note: str = "",
    days: int = DEFAULT_DAYS,
) -> list[InviteResult]:
    """Invite each address on the same terms, as ``invite_each`` does; ``names`` by address as typed."""
    terms = Invitee(email="", role=role, products=products, language=language, note=note, days=days)
    require(actor, Action.INVITE)
    require_feature(actor.workspace, Feature.INVITATIONS)
    if emails:
        terms.require_valid_terms()
    results = invite_each(actor, [replace(terms, email=email, name=(names or {}).get(email, "")) for email in emails])
    for result in results:
        # Products that are not sold are refused once, for all addresses.
        if isinstance(result.error, InvalidRequest) and result.error.field == "seats" and not _any_done(results):
            raise result.error
    return results


def _any_done(results: Iterable[InviteResult]) -> bool:
    return any(result.done for result in results)


def invite_each(actor: Actor, invitees: Sequence[Invitee], *, dry_run: bool = False) -> list[InviteResult]:
    """Invite everybody on their own terms, and return a result for each in the order given.

    A hundred at a time are committed under one lock of the workspace. A ``dry_run`` writes nothing and holds the lock
    for a few reads; an invitation in its results is an earlier one, or was never saved.
    """
    require(actor, Action.INVITE)
    require_feature(actor.workspace, Feature.INVITATIONS)
    if not invitees:
        raise InvalidRequest(_("Enter an email address."), field="email", code="required")
    _require_at_most(invitees)
    results, valid = _read(invitees)
    for chunk in batched(valid, MAX_ADDRESSES if dry_run else CHUNK):
        with acting(actor, Action.INVITE) as current:
            require_feature(current.workspace, Feature.INVITATIONS)
            batch = Batch(current, [invitee for _number, invitee in chunk])
            done = batch.check() if dry_run else batch.invite()
            results |= dict(zip((number for number, _invitee in chunk), done, strict=True))
    if not dry_run:
        # Once for all chunks: an unreachable broker costs a request one wait, not one per chunk.
        Delivery.objects.send_on_commit()
    return [results[number] for number in range(len(invitees))]


def check_addresses(actor: Actor, emails: Sequence[str]) -> dict[str, DomainError]:
    """Return why some of these addresses can't be invited, by address as typed.

    This is for someone who is still typing: nothing is locked, and neither limits nor seats are looked at.
    """
    require(actor, Action.INVITE)
    _require_at_most(emails)
    results, valid = _read([Invitee(email=email) for email in emails])
    errors = {emails[number]: result.error for number, result in results.items()}
    members = actor.workspace.memberships.filter(email__in=[invitee.email for _number, invitee in valid])
    found, now = {member.email: member for member in members}, database_now()
    errors |= {emails[number]: why_not_invitable(found.get(one.email), now) for number, one in valid}
    return {email: error for email, error in errors.items() if error is not None}


def _require_at_most(people: Sequence[object]) -> None:
    if len(people) > MAX_ADDRESSES:
        message = _("Invite at most %(most)s addresses at once.") % {"most": MAX_ADDRESSES}
        raise InvalidRequest(message, field="email", code="too_many")


def _read(invitees: Sequence[Invitee]) -> tuple[dict[int, InviteResult], list[tuple[int, Invitee]]]:
    """Return the errors of invalid and repeated invitees, and the cleaned others, by their place in the list."""
    refused: dict[int, InviteResult] = {}
    valid: dict[str, tuple[int, Invitee]] = {}
    for number, invitee in enumerate(invitees):
        try:
            cleaned = invitee.cleaned()
        except InvalidRequest as error:
            refused[number] = InviteResult(invitee.email, error=error)
            continue
        if cleaned.email in valid:
            refused[number] = InviteResult(cleaned.email, error=Duplicate())
        else:
            valid[cleaned.email] = (number, cleaned)
    return refused, list(valid.values())


def why_not_invitable(
    member: Membership | None, now: datetime, offer: Invitation | None = None, *, even_expired: bool = False
) -> DomainError | None:
    """Return why the member with this address prevents inviting it, or None.

    An expired invitation prevents it only with ``even_expired``.
    """
    if member is None:
        return None
    ended = member.expires_at is not None and member.expires_at <= now
    if member.status == Status.DEACTIVATED:
        return AlreadyMember(_("This person is a deactivated member of the workspace. Reactivate them instead."))
    if member.status != Status.INVITED:
        return AlreadyMember(_("This person's access has ended. Extend it instead.") if ended else None)
    if ended and not even_expired:
        return None
    return AlreadyInvited(invitation=str(offer.id) if offer else None)


class Batch:
    """Up to a hundred people invited under one lock; each step adds to what is written at the end."""

    def __init__(self, actor: Actor, invitees: Sequence[Invitee]) -> None:
        self.actor, self.workspace = actor, actor.workspace
        self.invitees = {invitee.email: invitee for invitee in invitees}
        self.allowance = Allowance(actor, self.workspace, self.invitees)
        self.now = self.allowance.now
        self.sold = _sold(self.workspace, invitees)
        budgets = seat_budgets(self.workspace, self.sold, wanted=len(invitees))
        self.budgets = {budget.product.slug: budget for budget in budgets}
        self.exhausted: set[uuid.UUID] = set()
        self.members: dict[str, Membership] = {}

    def invite(self) -> list[InviteResult]:
        """Write everything and return a result for each."""
        results = self.check()
        mails = {mail.recipient: mail for mail in self._write([result for result in results if result.done])}
        return [replace(result, mail=mails.get(result.email)) for result in results]

    def check(self) -> list[InviteResult]:
        """Return a result for each, and write nothing."""
        there = self.allowance.members
        if there:
            self.members = {row.email: row for row in self.workspace.memberships.filter(id__in=there)}
        offers = self._offers(there) if there else {}
        results = []
        for invitee in self.invitees.values():
            member = self.members.get(invitee.email)
            results.append(self._check(invitee, member, offers.get(member.id) if member else None))
        return results

    def _offers(self, members: Collection[uuid.UUID]) -> dict[uuid.UUID | None, Invitation]:
        """Return the pending invitations of these members, by member id."""
        offers = self.workspace.invitations.filter(status=InvitationStatus.PENDING, membership__in=members)
        return {offer.membership_id: offer for offer in offers}

    def _check(self, invitee: Invitee, member: Membership | None, offer: Invitation | None) -> InviteResult:
        error = (
            self._unknown_product(invitee)
            or why_not_invitable(member, self.now, offer)
            or self.allowance.refusal(invitee.email)
            or self._no_seat(invitee)
        )
        if error is not None:
            return InviteResult(invitee.email, offer, error)
        self.allowance.spend()
        for slug in invitee.products:
            self.budgets[slug].reserve()
        return InviteResult(invitee.email, self._with_terms(invitee, offer))

    def _unknown_product(self, invitee: Invitee) -> DomainError | None:
        try:
            require_sold(self.sold, invitee.products, "seats")
        except InvalidRequest as error:
            return error
        return None

    def _no_seat(self, invitee: Invitee) -> DomainError | None:
        wanted = sorted(invitee.products)
        refused = [(self.budgets[slug], error) for slug in wanted if (error := self.budgets[slug].refusal())]
        self.exhausted |= {budget.product.id for budget, _error in refused}
        return refused[0][1] if refused else None

    def _with_terms(self, invitee: Invitee, offer: Invitation | None) -> Invitation:
        """Return a new invitation with these terms, or the expired one, renewed."""
        actor = self.actor
        if offer is None:
            offer = Invitation(workspace=self.workspace, email=invitee.email, created_at=self.now)
        else:
            offer.generation += 1
            offer.sent_count += 1
        offer.sent_at = self.now
        offer.role, offer.language, offer.note = invitee.role, invitee.language, invitee.note
        offer.days, offer.expires_at = invitee.days, self.now + timedelta(days=invitee.days)
        offer.product_slugs = list(invitee.products)
        offer.external_id, offer.metadata = invitee.external_id, dict(invitee.metadata)
        offer.invited_by_type = offer.last_sender_type = actor.kind
        offer.invited_by_id = offer.last_sender_id = actor.id
        offer.invited_by_name = actor.name
        return offer

    def _write(self, results: Sequence[InviteResult]) -> list[Delivery]:
        sent = [result.invitation for result in results if result.invitation is not None]
        new = [invitation for invitation in sent if invitation.membership_id is None]
        renewed = [invitation for invitation in sent if invitation.membership_id is not None]
        joining = [self._member(invitation) for invitation in new]
        Membership.objects.bulk_create(joining)
        for invitation, member in zip(new, joining, strict=True):
            invitation.membership = member
        Invitation.objects.bulk_create(new)
        self._renew(renewed)
        self._hold_seats([*joining, *(self.members[invitation.email] for invitation in renewed)])
        self._record(new, renewed)
        return Delivery.objects.bulk_create([Delivery.of_invitation(invitation) for invitation in sent])

    def _member(self, invitation: Invitation) -> Membership:
        name = self.invitees[invitation.email].name
        return Membership(
            workspace=self.workspace,
            email=invitation.email,
            name=name,
            sort_name=fold(name or invitation.email),
            role=invitation.role,
            status=Status.INVITED,
            expires_at=invitation.expires_at,
            created_at=self.now,
            external_id=invitation.external_id,
            metadata=invitation.metadata,
        )

    def _renew(self, invitations: Sequence[Invitation]) -> None:
        """Give members with expired invitations their new terms; their seats are freed."""
        if not invitations:
            return
        release(self.workspace, [self.members[invitation.email] for invitation in invitations])
        for invitation in invitations:
            member = self.members[invitation.email]
            member.name = self.invitees[invitation.email].name or member.name
            member.role, member.expires_at = invitation.role, invitation.expires_at
            member.external_id, member.metadata = invitation.external_id, invitation.metadata
            member.save()
            invitation.save()

    def _hold_seats(self, members: Sequence[Membership]) -> None:
        for slug, budget in self.budgets.items():
            holders = [member for member in members if slug in self.invitees[member.email].products]
            hold(self.workspace, holders, [budget], self.exhausted)

    def _record(self, new: Sequence[Invitation], renewed: Sequence[Invitation]) -> None:
        named = [("invitation.created", row) for row in new] + [("invitation.resent", row) for row in renewed]
        AuditEvent.objects.bulk_create(
            [audit.event(self.actor, self.workspace.id, action, row, _offered(row)) for action, row in named]
        )


def _offered(invitation: Invitation) -> dict[str, list[Any]]:
    return {"role": [None, invitation.role], "seats": [[], list(invitation.product_slugs)]}


def _sold(workspace: Workspace, invitees: Sequence[Invitee]) -> set[str]:
    """Return the slugs of those requested products that are sold here."""
    slugs = list(dict.fromkeys(slug for invitee in invitees for slug in invitee.products))
    if not slugs:
        return set()
    pools = workspace.seat_pools.filter(product__slug__in=slugs, product__retired=False)
    return set(pools.values_list("product__slug", flat=True))
