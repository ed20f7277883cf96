"""Acme and its rules in plain Python, side by side: how one act is done to both, and what must be alike after it."""

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.db.models import Q, Value
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from billing_seats.budgets import seat_counts
from billing_seats.models import Notice
from invitations import offers, tokens
from invitations.models import Invitation
from members.access import Actor, actor_for
from members.clock import database_now
from members.errors import DomainError
from members.models import User, Workspace
from tests.billing_seats.lifecycle.model import PAST, SOME_DAY, Member, No, Offer
from tests.billing_seats.lifecycle.rules import Rules
from workspace_admin.demo import cast

FOUNDERS = {
    "alice@acme.example": ("admin", []),
    "bob@acme.example": ("member", [cast.CHAT]),
    "carol@acme.example": ("billing", []),
    "frank@acme.example": ("admin", [cast.CHAT]),
    "grace@acme.example": ("member", [cast.CHAT, cast.CODE]),
}
"""Who is there to begin with, as what and with which seats: all have accounts."""
HENRI = "henri@acme.example"
"""Has an account, and no place yet."""
ADDRESSES = [*FOUNDERS, HENRI, "ines@acme.example", "jonas@acme.example"]
PRODUCTS = [cast.CHAT, cast.CODE]
OFTEN = 85

numbers = st.integers(0, 99)
"""Whom an act concerns: mostly one of those who can be meant, sometimes anybody."""
products = st.sampled_from([*PRODUCTS * 5, "other", "unknown"])
lists_of_products = st.lists(st.sampled_from([*PRODUCTS * 4, "other"]), max_size=2)
roles = st.sampled_from(["admin", "member", "member", "member", "billing", "owner"])


@dataclass(frozen=True)
class Shown:
    """An offer as somebody has it before them, and what the rules know of it."""

    offer: offers.Offer
    rules: Offer
    generation: int


class Machine(RuleBasedStateMachine):
    """Does the same to both. ``outcomes`` counts what came of each act, over all examples."""

    workspace: Workspace
    outcomes: Counter[tuple[str, str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.undone = ExitStack()
        self.undone.enter_context(transaction.atomic())
        self.rules = Rules("team", {cast.CHAT: 10, cast.CODE: 3})
        self.rules.accounts = {*FOUNDERS, HENRI}
        self.rules.members = {
            email: Member("active", role, None, set(seats)) for email, (role, seats) in FOUNDERS.items()
        }
        self.invitations: dict[str, uuid.UUID] = {}
        self.shown: list[Shown] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undone.close()

    # Whom an act concerns.

    def pick(self, number: int, these: Sequence[str]) -> str:
        return these[number % len(these)] if these and number < OFTEN else ADDRESSES[number % len(ADDRESSES)]

    def caller(self, number: int) -> str:
        return self.pick(number, sorted(self.rules.admins()))

    def member(self, number: int) -> str:
        return self.pick(number, sorted(self.rules.members))

    def pending(self, number: int) -> str:
        waiting = [offer.email for offer in self.rules.offers.values() if offer.status == "pending"]
        return self.pick(number, sorted(waiting))

    def actor(self, email: str) -> Actor:
        known = User.objects.filter(email=email).first()
        return actor_for(known or User(id=uuid.uuid4(), email=email), self.workspace.slug)

    def row(self, email: str) -> uuid.UUID:
        found = self.workspace.memberships.filter(email=email).values_list("id", flat=True).first()
        return found or uuid.uuid4()

    def invitation(self, email: str) -> uuid.UUID:
        return self.invitations.get(email, uuid.uuid4())

    def open_link(self, email: str) -> None:
        """Follow the link of the address's latest email; what it shows stays before somebody's eyes."""
        offer = self.rules.offers.get(email)
        if offer is None:
            return
        found = offers.offer_for(tokens.make(Invitation.objects.get(id=self.invitations[email])))
        assert (found is not None) == (offer.status == "pending")
        if found is not None:
            self.shown.append(Shown(found, offer, offer.generation))

    def held(self, whose: int) -> list[Shown]:
        """Follow a link now, or take up what was shown earlier; nothing if no link was ever sent."""
        self.open_link(self.pending(whose))
        return self.shown[-1:] if whose % 3 else self.shown[whose % max(len(self.shown), 1) :][:1]

    # How it is done.

    def both(self, name: str, theirs: Callable[[], object], ours: Callable[[], object]) -> object:
        """Do an act by the rules and by the services, which must refuse alike; answer what the services answered."""
        expected = "done"
        try:
            theirs()
        except No as no:
            expected = str(no)
        answer, code = None, "done"
        try:
            answer = ours()
        except DomainError as error:
            code = error.code
        assert code == expected
        self.outcomes[name, code] += 1
        return answer

    def by(self, number: int, service: Callable[..., object], *emails: str, **values: object) -> None:
        """Do what a caller does to members, who are named by address here and by id there."""
        caller, name = self.caller(number), service.__name__
        self.both(
            name,
            lambda: getattr(self.rules, name)(caller, *emails, **values),
            lambda: service(self.actor(caller), *[self.row(email) for email in emails], *values.values()),
        )

    # What must be alike, and hold, after each act.

    @invariant()
    def everybody_stands_alike(self) -> None:
        now = database_now()
        slugs = ArrayAgg("seats__product__slug", filter=Q(seats__isnull=False), default=Value([]))
        rows = self.workspace.memberships.annotate(slugs=slugs).order_by()
        found = {
            email: Member(status, role, end and (SOME_DAY if end > now else PAST), set(held), before)
            for email, status, role, end, held, before in rows.values_list(
                "email", "status", "role", "expires_at", "slugs", "seats_before"
            )
        }
        assert found == self.rules.members

    @invariant()
    def offers_stand_alike(self) -> None:
        rows = self.workspace.invitations.filter(status="pending")
        found = {row.email: (row.generation, row.asked_generation) for row in rows}
        pending = [offer for offer in self.rules.offers.values() if offer.status == "pending"]
        assert found == {offer.email: (offer.generation, offer.asked) for offer in pending}

    @invariant()
    def seats_add_up(self) -> None:
        members = self.rules.members.values()
        pools = self.workspace.seat_pools.select_related("product")
        given = Counter(slug for member in members for slug in member.seats)
        expected = {slug: (pool.bought, given[slug]) for slug, pool in self.rules.pools.items()}
        assert {pool.product.slug: (pool.purchased, pool.assigned) for pool in pools} == expected
        for count in seat_counts(self.workspace):
            slug = count.product.slug
            held = sum(member.live and member.status == "invited" and slug in member.seats for member in members)
            assert (count.in_use + count.held, count.held) == (self.rules.taken(slug), held)

    @invariant()
    def an_admin_is_left_and_as_many_were_told(self) -> None:
        assert self.rules.admins()
        notices = Notice.objects.filter(workspace=self.workspace)
        assert Counter(notices.values_list("product__slug", "kind")) == +self.rules.told
