"""What anybody may try in a workspace, each once, on whatever is found there at random."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from random import Random

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

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
from billing_seats.models import Seat
from billing_seats.subscription.services import change_plan, resize
from invitations import tokens
from invitations.inviting import invite
from invitations.join import services
from invitations.models import Invitation
from invitations.offers import Offer, offer_for
from invitations.services import resend, revoke
from members.access import Actor, actor_for, system_actor
from members.acting import acting
from members.clock import database_now
from members.errors import NotFound
from members.models import Membership, Role, Status, User, Workspace
from workspace_admin.demo import cast

PRODUCTS = (cast.CHAT, cast.CODE)
ADDRESSES = 60
SHORT = 0.8
A_WHILE_AGO = Now() - timedelta(hours=1)


class Acts:
    """One thread's acts; ``dice`` decides who does what to whom."""

    def __init__(self, workspace: Workspace, dice: Random) -> None:
        self.workspace, self.dice = workspace, dice

    def admin(self) -> Actor:
        """Return someone active, mostly an Admin."""
        rows = self.workspace.memberships.active()
        if self.dice.random() < 0.95:
            rows = rows.filter(role=Role.ADMIN)
        found = rows.select_related("user").order_by("?").first()
        if found is None or found.user is None:
            raise NotFound
        return actor_for(found.user, self.workspace.slug)

    def support(self) -> Actor:
        return system_actor(self.workspace)

    def member(self, **known: object) -> Membership:
        """Return any member, mostly one that matches."""
        rows = self.workspace.memberships.order_by("?")
        found = rows.filter(**known).first() if self.dice.random() < 0.9 else rows.first()
        if found is None:
            raise NotFound
        return found

    def guest(self) -> Membership:
        """Return someone who can be removed; some Admins stay to do the rest."""
        return self.member(status=Status.ACTIVE, role__in=[Role.MEMBER, Role.BILLING])

    def pending(self, **known: object) -> Invitation:
        """Return one of the newest few invitations, so that many threads pick the same one."""
        rows = self.workspace.invitations.filter(status="pending", **known).order_by("-created_at")[:8]
        found = self.dice.choice(list(rows) or [None])
        if found is None:
            raise NotFound
        return found

    def offer(self, **known: object) -> Offer:
        found = offer_for(tokens.make(self.pending(**known)))
        if found is None:
            raise NotFound
        return found

    def product(self) -> str:
        return self.dice.choice(PRODUCTS)

    def address(self) -> str:
        return f"p{self.dice.randrange(ADDRESSES)}@storm.example"

    def invite(self) -> None:
        many = self.dice.choice([1, 1, 2, 5])
        products = self.dice.sample(PRODUCTS, self.dice.choice([0, 1, 1, 2]))
        role = self.dice.choice([Role.MEMBER, Role.MEMBER, Role.BILLING, Role.ADMIN])
        answers = invite(self.admin(), [self.address() for _ in range(many)], role=role, products=products)
        if error := answers[0].error:
            raise error

    def resend(self) -> None:
        resend(self.admin(), self.pending(sent_at__lt=A_WHILE_AGO).id)

    def revoke(self) -> None:
        revoke(self.admin(), self.pending().id)

    def accept(self) -> None:
        offer = self.offer()
        user = User.objects.filter(email=offer.email).first()
        if user is not None and EmailAddress.objects.filter(user=user, verified=True).exists():
            services.accept(offer, user)
        else:
            services.accept_as_new_person(offer, name="Ada", password="a-long-password", language="")

    def decline(self) -> None:
        services.decline(self.offer())

    def ask(self) -> None:
        services.ask_for_new_link(self.offer(expires_at__lte=Now()))

    def give(self) -> None:
        give(self.admin(), self.member().id, self.product())

    def take(self) -> None:
        give_or_take = self.holder()
        take(self.admin(), give_or_take[0], give_or_take[1])

    def holder(self) -> tuple:
        found = Seat.objects.filter(workspace=self.workspace).order_by("?")
        row = found.values_list("membership_id", "product__slug").first()
        if row is None:
            raise NotFound
        return row

    def move(self) -> None:
        giver, product = self.holder()
        move(self.admin(), product, giver, self.member().id)

    def resize(self) -> None:
        resize(self.support(), self.product(), self.dice.randrange(2, 16))

    def change_plan(self) -> None:
        """Lose the plan, and get it back: mostly before anybody can meet it, or nothing else would happen here."""
        with transaction.atomic() if self.dice.random() < SHORT else nullcontext():
            change_plan(self.support(), "free")
            change_plan(self.support(), "team")

    def deactivate(self) -> None:
        deactivate(self.admin(), self.guest().id)

    def reactivate(self) -> None:
        products = self.dice.choice([None, None, [], [self.product()]])
        reactivate(self.admin(), self.member(status=Status.DEACTIVATED).id, products)

    def set_end(self) -> None:
        soon = self.dice.choice([None, timedelta(milliseconds=300), timedelta(seconds=1), timedelta(hours=1)])
        set_end(self.admin(), self.guest().id, None if soon is None else database_now() + soon)

    def change_role(self) -> None:
        change_role(self.admin(), self.member().id, self.dice.choice(Role.values))

    def remove(self) -> None:
        remove(self.admin(), self.guest().id)

    def leave(self) -> None:
        found = self.guest()
        if found.user is None:
            raise NotFound
        leave(actor_for(found.user, self.workspace.slug))

    def expire(self) -> None:
        """Let an offer end: now, or within a second."""
        left = timedelta(milliseconds=self.dice.choice([-1, 200, 600, 1000]))
        with acting(self.support()) as current:
            locked = current.workspace
            row = locked.memberships.invited().order_by("?").first()
            if row is None:
                raise NotFound
            locked.memberships.filter(id=row.id).update(expires_at=Now() + left)
            locked.invitations.filter(membership=row.id).update(expires_at=Now() + left)

    def age(self) -> None:
        """Let the pause between two sendings be over."""
        past = F("sent_at") - timedelta(hours=2)
        with acting(self.support()) as current:
            locked = current.workspace
            locked.invitations.filter(status="pending", sent_at__gt=A_WHILE_AGO).update(sent_at=past)


WEIGHTS = {
    "invite": 12,
    "accept": 10,
    "give": 8,
    "take": 3,
    "move": 4,
    "resize": 4,
    "change_role": 5,
    "deactivate": 3,
    "reactivate": 3,
    "set_end": 5,
    "remove": 3,
    "leave": 2,
    "revoke": 3,
    "decline": 2,
    "resend": 4,
    "expire": 5,
    "ask": 2,
    "age": 2,
    "change_plan": 1,
}


def chosen(acts: Acts) -> tuple[str, Callable[[], None]]:
    """Return the next act and its name."""
    [name] = acts.dice.choices(list(WEIGHTS), list(WEIGHTS.values()))
    return name, getattr(acts, name)
