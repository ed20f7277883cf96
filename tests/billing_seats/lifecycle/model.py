"""How a workspace stands, in plain Python: members, offers, pools, and what is asked before anything changes."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil

FREE, TEAM = ("free", "pro"), ("team", "enterprise")
ROLES = ("admin", "member", "billing")
SOME_DAY, PAST = "some day", "past"
"""When access ends: never is None."""


class No(Exception):
    """A refusal, by its code."""


def unless(holds: object, code: str) -> None:
    if not holds:
        raise No(code)


@dataclass
class Member:
    status: str
    role: str
    end: str | None = None
    seats: set[str] = field(default_factory=set)
    before: list[str] = field(default_factory=list)

    @property
    def live(self) -> bool:
        return self.end != PAST


@dataclass
class Offer:
    """An invitation; ``sender`` sent it last, ``fresh`` less than a minute ago."""

    email: str
    sender: str
    generation: int = 1
    fresh: bool = True
    asked: int = 0
    status: str = "pending"


@dataclass
class Pool:
    bought: int
    refusing: bool = False


def low(bought: int) -> int:
    return min(ceil(bought / 10), max(bought - 1, 0))


class State:
    """How one workspace stands, and what every act asks for first."""

    def __init__(self, plan: str, products: dict[str, int]) -> None:
        self.plan, self.catalogue = plan, {*products, "other"}
        self.pools = {slug: Pool(bought) for slug, bought in products.items()}
        self.members: dict[str, Member] = {}
        self.offers: dict[str, Offer] = {}
        self.accounts: set[str] = set()
        self.told: Counter[tuple[str, str]] = Counter()

    # What is so.

    def active(self, email: str) -> bool:
        member = self.members.get(email)
        return member is not None and member.status == "active" and member.live

    def admins(self) -> list[str]:
        return [email for email, member in self.members.items() if self.active(email) and member.role == "admin"]

    def taken(self, slug: str) -> int:
        return sum(member.live and slug in member.seats for member in self.members.values())

    def free(self, slug: str) -> int:
        return self.pools[slug].bought - self.taken(slug)

    # What everything asks for first.

    def may(self, who: str, *roles: str) -> None:
        unless(self.active(who), "not_found")
        unless(self.members[who].role in (roles or ("admin",)), "permission_denied")

    def seats_in_plan(self) -> None:
        unless(self.plan in TEAM, "plan_required")

    def one(self, email: str) -> Member:
        unless(email in self.members, "not_found")
        return self.members[email]

    def joined(self, email: str) -> Member:
        member = self.one(email)
        unless(member.status != "invited", "member_invited")
        return member

    def pending(self, email: str) -> tuple[Offer, Member]:
        unless(email in self.offers, "not_found")
        unless(self.offers[email].status == "pending", "invitation_not_pending")
        return self.offers[email], self.members[email]

    def sold(self, *slugs: str) -> list[str]:
        unless(all(slug in self.pools for slug in slugs), "invalid_request")
        return sorted(set(slugs))

    def room(self, slugs: Sequence[str]) -> None:
        for slug in slugs:
            unless(self.free(slug) >= 0, "over_assigned")
            unless(self.free(slug) >= 1, "seats_exhausted")

    def stays_an_admin(self, email: str) -> None:
        unless(self.admins() != [email], "last_admin")

    def telling(self, slugs: Sequence[str], refused: Sequence[str], change: Callable[[], None]) -> None:
        """Make the change, and tell Admins and Billing of these products what there is to tell."""
        before = {slug: (self.free(slug), self.pools[slug].bought) for slug in slugs}
        readers = [who for who, row in self.members.items() if self.active(who) and row.role in {"admin", "billing"}]
        change()
        for slug, (free, bought) in before.items():
            pool = self.pools[slug]
            runs_low = free > low(bought) and pool.bought > 0 and self.free(slug) <= low(pool.bought)
            if slug in refused and (not pool.refusing or free > 0):
                pool.refusing = True
                self.told[slug, "refused"] += len(readers)
                continue
            pool.refusing = pool.refusing and max(free, self.free(slug)) <= 0
            if runs_low:
                self.told[slug, "low"] += len(readers)
