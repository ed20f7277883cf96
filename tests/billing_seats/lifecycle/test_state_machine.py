"""Whatever is done in whatever order: the services answer, and leave behind, what the rules in plain Python say."""

import os
from datetime import timedelta
from functools import partial

import hypothesis
import pytest
from django.db.models.functions import Now
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

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
from billing_seats.models import Notice, Product
from billing_seats.subscription.services import change_plan, resize
from invitations.inviting import invite
from invitations.join import services
from invitations.services import resend, revoke
from members.access import system_actor
from members.clock import database_now
from members.models import Role, User
from tests.billing_seats.lifecycle.machine import (
    ADDRESSES,
    FOUNDERS,
    HENRI,
    Machine,
    lists_of_products,
    numbers,
    products,
    roles,
)
from tests.billing_seats.lifecycle.model import PAST, SOME_DAY
from workspace_admin.demo import cast

PASSWORD = "a-long-password"
ROUNDS = int(os.environ.get("SOAK_ROUNDS", "1"))
EXAMPLES, STEPS = 42 * min(ROUNDS, 20), 50
"""With all tests, more than two thousand steps."""
THOROUGH = hypothesis.settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS + 5,
    deadline=None,
    derandomize=ROUNDS == 1,
    database=None,
    report_multiple_bugs=False,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)


ACTS: dict[str, tuple[int, st.SearchStrategy]] = {}


def act(weight: int, **drawn: st.SearchStrategy):
    """Count a method among what can be done, and say how often it is tried.

    Rules of their own would be switched off in turns, and with them what only they lead to.
    """

    def known(method):
        ACTS[method.__name__] = weight, st.fixed_dictionaries(drawn)
        return method

    return known


def steps() -> st.SearchStrategy:
    """Return the strategy of an act's name and what is drawn for it."""
    names = [name for name, (weight, _drawn) in ACTS.items() for _ in range(weight)]
    return st.sampled_from(names).flatmap(lambda name: st.tuples(st.just(name), ACTS[name][1]))


class Acme(Machine):
    """All that can be done."""

    @rule(step=st.deferred(steps))
    def do(self, step: tuple[str, dict]) -> None:
        name, drawn = step
        getattr(self, name)(**drawn)

    @act(
        6,
        who=numbers,
        emails=st.lists(st.sampled_from(ADDRESSES[::-1]), min_size=1, max_size=3, unique=True),
        role=roles,
        slugs=lists_of_products,
    )
    def invite(self, who: int, emails: list[str], role: str, slugs: list[str]) -> None:
        caller, expected = self.caller(who), []
        answers = self.both(
            "invite",
            lambda: expected.extend(self.rules.invite(caller, emails, role, slugs)),
            lambda: invite(self.actor(caller), emails, role=role, products=slugs),
        )
        found = [answer.error.code if answer.error else "done" for answer in answers or []]
        assert found == expected
        self.outcomes.update(("invite one", code) for code in found)
        self.invitations |= {answer.email: answer.invitation.id for answer in answers or [] if answer.done}

    @act(4, who=numbers, whose=numbers)
    def resend(self, who: int, whose: int) -> None:
        caller, email = self.caller(who), self.pending(whose)
        ours = partial(resend, invitation_id=self.invitation(email))
        self.both("resend", lambda: self.rules.resend(caller, email), lambda: ours(self.actor(caller)))

    @act(2, who=numbers, whose=numbers)
    def revoke(self, who: int, whose: int) -> None:
        caller, email = self.caller(who), self.pending(whose)
        ours = partial(revoke, invitation_id=self.invitation(email))
        self.both("revoke", lambda: self.rules.revoke(caller, email), lambda: ours(self.actor(caller)))

    @act(5, whose=numbers, who=numbers)
    def accept(self, whose: int, who: int) -> None:
        for held in self.held(whose):
            email = self.pick(who, [held.rules.email])
            if user := User.objects.filter(email=email).first():
                theirs = partial(self.rules.accept, held.rules, held.generation, email)
                self.both("accept", theirs, partial(services.accept, held.offer, user))
            else:
                self.accept_as_new(whose)

    @act(1, whose=numbers)
    def accept_as_new(self, whose: int) -> None:
        for held in self.held(whose):
            theirs = partial(self.rules.accept_as_new, held.rules, held.generation)
            ours = partial(services.accept_as_new_person, held.offer, name="Ada", password=PASSWORD, language="")
            self.both("accept_as_new", theirs, ours)

    @act(2, whose=numbers)
    def decline(self, whose: int) -> None:
        for held in self.held(whose):
            theirs = partial(self.rules.decline, held.rules, held.generation)
            self.both("decline", theirs, partial(services.decline, held.offer))

    @act(2, whose=numbers)
    def ask(self, whose: int) -> None:
        for held in self.held(whose):
            theirs = partial(self.rules.ask, held.rules, held.generation)
            self.both("ask", theirs, partial(services.ask_for_new_link, held.offer))

    @act(3, who=numbers, whom=numbers, role=roles)
    def change_role(self, who: int, whom: int, role: str) -> None:
        self.by(who, change_role, self.member(whom), role=role)

    @act(4, who=numbers, whom=numbers, slug=products)
    def give(self, who: int, whom: int, slug: str) -> None:
        self.by(who, give, self.member(whom), slug=slug)

    @act(2, who=numbers, whom=numbers, slug=products)
    def take(self, who: int, whom: int, slug: str) -> None:
        self.by(who, take, self.member(whom), slug=slug)

    @act(3, who=numbers, slug=products, giver=numbers, taker=numbers)
    def move(self, who: int, slug: str, giver: int, taker: int) -> None:
        caller, one, other = self.caller(who), self.member(giver), self.member(taker)
        self.both(
            "move",
            lambda: self.rules.move(caller, slug, one, other),
            lambda: move(self.actor(caller), slug, self.row(one), self.row(other)),
        )

    @act(2, who=numbers, whom=numbers)
    def deactivate(self, who: int, whom: int) -> None:
        self.by(who, deactivate, self.member(whom))

    @act(3, who=numbers, whom=numbers, slugs=st.one_of(st.none(), lists_of_products))
    def reactivate(self, who: int, whom: int, slugs: list[str] | None) -> None:
        away = sorted(email for email, member in self.rules.members.items() if member.status == "deactivated")
        self.by(who, reactivate, self.pick(whom, away), products=slugs)

    @act(4, who=numbers, whom=numbers, end=st.sampled_from([None, SOME_DAY, SOME_DAY, PAST]))
    def set_end(self, who: int, whom: int, end: str | None) -> None:
        caller, email = self.caller(who), self.member(whom)
        at = None if end is None else database_now() + timedelta(days=1 if end == SOME_DAY else -1)
        self.both(
            "set_end",
            lambda: self.rules.set_end(caller, email, end),
            lambda: set_end(self.actor(caller), self.row(email), at),
        )

    @act(1, who=numbers, whom=numbers)
    def remove(self, who: int, whom: int) -> None:
        self.by(who, remove, self.member(whom))

    @act(1, who=numbers)
    def leave(self, who: int) -> None:
        email = self.member(who)
        self.both("leave", lambda: self.rules.leave(email), lambda: leave(self.actor(email)))

    @act(1, plan=st.sampled_from(["team", "team", "team", "enterprise", "enterprise", "pro", "free", "gold"]))
    def change_plan(self, plan: str) -> None:
        support = system_actor(self.workspace)
        self.both("change_plan", lambda: self.rules.change_plan(plan), lambda: change_plan(support, plan))

    @act(3, slug=products, bought=st.integers(-1, 12), whom=st.lists(numbers, max_size=1))
    def resize(self, slug: str, bought: int, whom: list[int]) -> None:
        emails = [self.member(number) for number in whom]
        self.both(
            "resize",
            lambda: self.rules.resize(slug, bought, emails),
            lambda: resize(system_actor(self.workspace), slug, bought, take_from=[self.row(email) for email in emails]),
        )

    @act(4, number=numbers)
    def an_end_comes(self, number: int) -> None:
        ending = sorted(email for email, member in self.rules.members.items() if member.end == SOME_DAY)
        if ending:
            email = ending[number % len(ending)]
            self.rules.members[email].end = PAST
            past = Now() - timedelta(seconds=1)
            self.workspace.memberships.filter(email=email).update(expires_at=past)
            self.workspace.invitations.filter(email=email, status="pending").update(expires_at=past)

    @act(2)
    def a_minute_passes(self) -> None:
        for offer in self.rules.offers.values():
            offer.fresh = False
        self.workspace.invitations.update(sent_at=Now() - timedelta(minutes=2))


@pytest.fixture
def founded(as_alice, acme, person):
    """Acme with the founders of the model, and a product that it has not bought."""
    person(HENRI)
    for email, (role, seats) in FOUNDERS.items():
        if not acme.memberships.filter(email=email).exists():
            cast.join(as_alice, person(email), Role(role), tuple(seats))
    Product.objects.create(slug="other", name="Other")
    Notice.objects.all().delete()
    return acme


@pytest.mark.soak
def test_services_do_what_the_rules_say(founded, settings, monkeypatch):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MAILS_PER_ADDRESS = settings.MAILS_PER_INVITER = settings.MAILS_PER_WORKSPACE = 1_000_000
    monkeypatch.setattr(Machine, "workspace", founded, raising=False)
    Machine.outcomes.clear()
    run_state_machine_as_test(Acme, settings=THOROUGH, _min_steps=STEPS)
    names, codes = {name for name, _code in Machine.outcomes}, {code for _name, code in Machine.outcomes}
    assert {name for name, code in Machine.outcomes if code == "done"} == names
    assert len(codes) > 10, "nearly all that can be refused was"
