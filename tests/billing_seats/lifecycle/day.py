"""A day in a workspace: everything that can be done in one, with what came of each."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from billing_seats.budgets import seat_counts
from billing_seats.entitlement.check import decide, facts_of
from billing_seats.lifecycle.services import (
    change_role,
    deactivate,
    give,
    leave,
    move,
    reactivate,
    remove,
    set_end,
    take,
)
from billing_seats.services import open_workspace
from billing_seats.subscription.services import change_plan, resize
from invitations import tokens
from invitations.inviting import invite
from invitations.join import services
from invitations.models import Invitation
from invitations.offers import Offer, offer_for
from invitations.services import resend, revoke
from members.access import Actor, actor_for, system_actor
from members.clock import database_now
from members.errors import DomainError
from members.models import Membership, User
from workspace_admin.demo import cast

HOUR = timedelta(hours=1)


def code(act: Callable[[], object]) -> str:
    """Return "done", or the code of the refusal."""
    try:
        with transaction.atomic():
            act()
    except DomainError as error:
        return error.code
    return "done"


class Day:
    """The workspace of ``host``; each step answers its name and what came of it."""

    def __init__(self, host: Actor, people: Callable[[str], User], product: str = cast.CODE) -> None:
        self.host, self.people, self.product = host, people, product
        self.workspace, self.support = host.workspace, system_actor(host.workspace)

    def address(self, name: str) -> str:
        return f"{name}@{self.workspace.slug}.example"

    def row(self, name: str) -> Membership:
        return self.workspace.memberships.get(email=self.address(name))

    def offer(self, name: str) -> Offer:
        found = offer_for(tokens.make(Invitation.objects.get(email=self.address(name), status="pending")))
        assert found is not None
        return found

    def invite(self, name: str, *products: str, **terms) -> str:
        answers: list = []
        done = code(lambda: answers.extend(invite(self.host, [self.address(name)], products=products, **terms)))
        return answers[0].error.code if answers and answers[0].error else done

    def move_time(self, name: str, moved: timedelta) -> str:
        """Let the member's end, and the last sending of their offer, be so long ago."""
        self.workspace.memberships.filter(email=self.address(name)).update(expires_at=Now() - moved)
        Invitation.objects.filter(email=self.address(name)).update(expires_at=Now() - moved, sent_at=Now() - moved)
        return "done"

    def steps(self) -> Iterator[tuple[str, str]]:
        """Live through the day."""
        yield from self.offers()
        yield from self.seats()
        yield from self.guests()
        yield from self.leaving()

    def offers(self) -> Iterator[tuple[str, str]]:
        user = self.people(self.address("ada"))
        yield "change plan", code(lambda: change_plan(self.support, "enterprise"))
        yield "buy seats", code(lambda: resize(self.support, self.product, 2))
        yield "invite", self.invite("ada", self.product)
        yield "invite again", self.invite("ada", self.product)
        yield "resend at once", code(lambda: resend(self.host, self.offer("ada").invitation.id))
        yield "ask for a link too early", code(lambda: services.ask_for_new_link(self.offer("ada")))
        yield "accept", code(lambda: services.accept(self.offer("ada"), user))
        yield "invite a second", self.invite("ben", self.product, days=1)
        yield "invite a third", self.invite("cleo", self.product)
        yield "let the second expire", self.move_time("ben", HOUR)
        yield "accept an expired offer", code(lambda: self.join("ben"))
        yield "ask for a link", code(lambda: services.ask_for_new_link(self.offer("ben")))
        yield "give to an expired invitee", code(lambda: give(self.host, self.row("ben").id, cast.CHAT))
        yield "invite the third in their place", self.invite("cleo", self.product)
        yield "resend what has no seat left", code(lambda: resend(self.host, self.offer("ben").invitation.id))
        yield "revoke", code(lambda: revoke(self.host, self.offer("cleo").invitation.id))
        yield "resend", code(lambda: resend(self.host, self.offer("ben").invitation.id))
        yield "decline", code(lambda: services.decline(self.offer("ben")))
        yield "invite someone new", self.invite("dee", self.product)
        yield "join as someone new", code(lambda: self.join("dee"))

    def join(self, name: str) -> None:
        services.accept_as_new_person(self.offer(name), name=name.title(), password="a-long-password", language="")

    def seats(self) -> Iterator[tuple[str, str]]:
        yield "invite without a seat", self.invite("finn")
        yield "give where none is left", code(lambda: give(self.host, self.row("finn").id, self.product))
        yield "move", code(lambda: move(self.host, self.product, self.row("dee").id, self.row("finn").id))
        yield "take", code(lambda: take(self.host, self.row("finn").id, self.product))
        yield "give", code(lambda: give(self.host, self.row("dee").id, self.product))
        yield "buy fewer", code(lambda: resize(self.support, self.product, 1))
        yield "give while over-assigned", code(lambda: give(self.host, self.row("finn").id, self.product))
        yield "buy more", code(lambda: resize(self.support, self.product, 2))
        yield "in use, held, free", self.figures()

    def guests(self) -> Iterator[tuple[str, str]]:
        ends = database_now() + HOUR
        yield "change role", code(lambda: change_role(self.host, self.row("dee").id, "billing"))
        yield "let a guest end", code(lambda: set_end(self.host, self.row("dee").id, ends))
        yield "a guest becomes no Admin", code(lambda: change_role(self.host, self.row("dee").id, "admin"))
        yield "an end that has passed", code(lambda: set_end(self.host, self.row("dee").id, ends - 2 * HOUR))
        yield "open the product", self.standing("dee")
        yield "come in", code(lambda: actor_for(self.row("dee").user, self.workspace.slug))
        yield "the end comes", self.move_time("dee", HOUR)
        yield "open the product after the end", self.standing("dee")
        yield "come in after the end", code(lambda: actor_for(self.row("dee").user, self.workspace.slug))
        yield "in use, held, free beside a lapsed guest", self.figures()
        yield "give the lapsed guest's seat", code(lambda: give(self.host, self.row("finn").id, self.product))
        yield "extend with the seat gone", code(lambda: set_end(self.host, self.row("dee").id, ends))
        yield "take it back", code(lambda: take(self.host, self.row("finn").id, self.product))
        yield "extend", code(lambda: set_end(self.host, self.row("dee").id, ends))
        yield "no end at all", code(lambda: set_end(self.host, self.row("dee").id, None))

    def figures(self) -> str:
        [count] = [one for one in seat_counts(self.workspace) if one.product.slug == self.product]
        return f"{count.in_use}, {count.held}, {count.available}"

    def standing(self, name: str) -> str:
        pool = self.workspace.seat_pools.get(product__slug=self.product)
        return str(decide(facts_of(self.workspace, id=self.row(name).id), pool.product_id))

    def leaving(self) -> Iterator[tuple[str, str]]:
        dee = self.row("dee")
        assert dee.user is not None
        yield "deactivate", code(lambda: deactivate(self.host, dee.id))
        yield "their end comes", self.move_time("dee", HOUR)
        yield "reactivate after the end", code(lambda: reactivate(self.host, dee.id))
        yield "remove their end", code(lambda: set_end(self.host, dee.id, None))
        yield "reactivate", code(lambda: reactivate(self.host, dee.id, [self.product]))
        yield "leave", code(lambda: leave(actor_for(self.row("dee").user, self.workspace.slug)))
        yield "remove", code(lambda: remove(self.host, self.row("ada").id))
        yield "the last Admin stays", code(lambda: leave(self.host))
        slug = f"{self.workspace.slug}-two"
        yield "open another workspace", code(lambda: open_workspace(dee.user, name="Two", slug=slug))


EXPECTED = {
    "invite again": "already_invited",
    "resend at once": "rate_limited",
    "ask for a link too early": "invitation_not_pending",
    "invite a third": "seats_exhausted",
    "accept an expired offer": "invitation_not_pending",
    "give to an expired invitee": "invalid_request",
    "resend what has no seat left": "seats_exhausted",
    "give where none is left": "seats_exhausted",
    "give while over-assigned": "over_assigned",
    "in use, held, free": "2, 0, 0",
    "in use, held, free beside a lapsed guest": "1, 0, 1",
    "a guest becomes no Admin": "invalid_request",
    "an end that has passed": "invalid_request",
    "open the product": "seat",
    "open the product after the end": "expired",
    "come in after the end": "not_found",
    "extend with the seat gone": "seats_exhausted",
    "reactivate after the end": "invalid_request",
    "the last Admin stays": "last_admin",
}
"""What is refused, or answered, of the steps; every other one is done."""
