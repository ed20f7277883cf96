"""The rules of a workspace in plain Python: what each act answers, and how everything stands after it."""

from collections.abc import Sequence

from tests.billing_seats.lifecycle.model import (
    FREE,
    PAST,
    ROLES,
    SOME_DAY,
    TEAM,
    Member,
    No,
    Offer,
    Pool,
    State,
    unless,
)


class Rules(State):
    """Each method is one act: it changes what stands here, or raises ``No``."""

    # Offers.

    def invite(self, who: str, emails: Sequence[str], role: str, products: Sequence[str]) -> list[str]:
        """Return what became of each address, each named once."""
        self.may(who)
        self.seats_in_plan()
        unless(role in ROLES, "invalid_request")
        slugs, refused, answers = self.sold(*products), [], []

        def one(email: str) -> None:
            member = self.members.get(email)
            unless(member is None or member.status == "invited", "already_member")
            unless(member is None or not member.live, "already_invited")
            refused.extend(slug for slug in slugs if self.free(slug) < 1)
            self.room(slugs)
            if member is None:
                self.offers[email] = Offer(email, who)
            else:
                self.sent_again(self.offers[email], who)
            self.members[email] = Member("invited", role, SOME_DAY, set(slugs))

        def each() -> None:
            for email in emails:
                try:
                    one(email)
                    answers.append("done")
                except No as no:
                    answers.append(str(no))

        self.telling(slugs, refused, each)
        return answers

    def resend(self, who: str, email: str) -> None:
        self.may(who)
        self.seats_in_plan()
        offer, member = self.pending(email)
        unless(not offer.fresh, "rate_limited")
        self.later(member, SOME_DAY)
        self.sent_again(offer, who)

    def sent_again(self, offer: Offer, who: str) -> None:
        offer.generation, offer.fresh, offer.sender = offer.generation + 1, True, who

    def later(self, member: Member, end: str | None) -> None:
        """Give a later end; who has lapsed takes their seats again."""
        lapsed = sorted(member.seats) if not member.live else []
        self.room(lapsed)
        self.telling(lapsed, [], lambda: setattr(member, "end", end))

    def revoke(self, who: str, email: str) -> None:
        self.may(who)
        offer, _member = self.pending(email)
        self.finish(offer, "revoked")

    def finish(self, offer: Offer, status: str) -> None:
        offer.status = status
        del self.members[offer.email]

    def held(self, offer: Offer, generation: int) -> Member:
        unless(offer.status == "pending" and offer.generation == generation, "invitation_not_pending")
        return self.members[offer.email]

    def decline(self, offer: Offer, generation: int) -> None:
        self.held(offer, generation)
        self.finish(offer, "declined")

    def ask(self, offer: Offer, generation: int) -> None:
        unless(not self.held(offer, generation).live, "invitation_not_pending")
        offer.asked = generation

    def accept(self, offer: Offer, generation: int, who: str) -> None:
        unless(who == offer.email, "permission_denied")
        self.join(offer, generation)

    def accept_as_new(self, offer: Offer, generation: int) -> None:
        self.held(offer, generation)
        unless(offer.email not in self.accounts, "permission_denied")
        self.join(offer, generation)
        self.accounts.add(offer.email)

    def join(self, offer: Offer, generation: int) -> None:
        member = self.held(offer, generation)
        self.seats_in_plan()
        unless(member.role == "member" or offer.sender in self.admins(), "permission_denied")
        unless(member.live, "invitation_not_pending")
        member.status, member.end, offer.status = "active", None, "accepted"

    # Members.

    def change_role(self, who: str, email: str, role: str) -> None:
        self.may(who)
        unless(role in ROLES, "invalid_request")
        member = self.one(email)
        if member.role == role:
            return
        self.stays_an_admin(email)
        unless(role != "admin" or member.status == "invited" or member.end is None, "invalid_request")
        member.role = role

    def give(self, who: str, email: str, slug: str) -> None:
        self.may(who)
        self.seats_in_plan()
        member = self.one(email)
        self.sold(slug)
        if slug in member.seats:
            return
        unless(member.live and member.status != "deactivated", "invalid_request")
        self.room([slug])
        self.telling([slug], [], lambda: member.seats.add(slug))

    def take(self, who: str, email: str, slug: str) -> None:
        self.may(who)
        member = self.one(email)
        unless(slug in self.pools, "not_found")
        member.seats.discard(slug)

    def move(self, who: str, slug: str, giver: str, taker: str) -> None:
        self.may(who)
        self.seats_in_plan()
        one, other = self.one(giver), self.one(taker)
        self.sold(slug)
        unless(slug not in other.seats, "invalid_request")
        unless(other.live and other.status != "deactivated", "invalid_request")
        unless(self.free(slug) >= 0, "over_assigned")
        unless(slug in one.seats, "invalid_request")
        unless(self.free(slug) + one.live >= 1, "seats_exhausted")

        def change() -> None:
            one.seats.discard(slug)
            other.seats.add(slug)

        self.telling([slug], [], change)

    def deactivate(self, who: str, email: str) -> None:
        self.may(who)
        member = self.joined(email)
        if member.status == "deactivated":
            return
        self.stays_an_admin(email)
        member.status, member.before, member.seats = "deactivated", sorted(member.seats), set()

    def reactivate(self, who: str, email: str, products: Sequence[str] | None) -> None:
        self.may(who)
        member = self.joined(email)
        if member.status == "active":
            return
        unless(member.live, "invalid_request")
        if products:
            self.seats_in_plan()
        if products is None:
            got = [slug for slug in member.before if self.plan in TEAM and self.free(slug) >= 1]
        else:
            got = self.sold(*products)
            self.room(got)
        member.status, member.before = "active", []
        self.telling(got, [], lambda: member.seats.update(got))

    def set_end(self, who: str, email: str, end: str | None) -> None:
        self.may(who)
        member = self.joined(email)
        if member.end is None and end is None:
            return
        unless(end is None or (member.role != "admin" and end != PAST), "invalid_request")
        if not member.live and member.seats:
            self.seats_in_plan()
        self.later(member, end)

    def remove(self, who: str, email: str) -> None:
        self.may(who)
        self.joined(email)
        self.stays_an_admin(email)
        del self.members[email]

    def leave(self, who: str) -> None:
        self.may(who, "admin", "member", "billing")
        self.stays_an_admin(who)
        del self.members[who]

    # What support changes.

    def change_plan(self, plan: str) -> None:
        unless(plan in FREE + TEAM, "invalid_request")
        self.plan = plan

    def resize(self, slug: str, bought: int, take_from: Sequence[str]) -> None:
        unless(bought >= 0 and slug in self.catalogue, "invalid_request")
        for email in take_from:
            self.one(email)
        pool = self.pools.setdefault(slug, Pool(0))
        for email in take_from:
            self.members[email].seats.discard(slug)
        self.telling([slug], [], lambda: setattr(pool, "bought", bought))
