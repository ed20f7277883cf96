"""`python -m tests.performance.sizes`: what an act costs in a workspace of 100,000 members, beside one of 1,000.

Both stand in one database. The median of some runs is compared: what grows with a workspace shows as a ratio above 1.
"""

import sys
import time
from collections.abc import Callable, Iterator
from statistics import median

import django
from django.core.management import call_command

SIZES = {"thousand": 1_000, "large": 100_000}
RUNS = 30
AIM = 1.5


def seed() -> None:
    """Put both workspaces in, where they are missing."""
    for slug, members in SIZES.items():
        call_command("seed_large", members=members, slug=slug)


def acts(slug: str) -> dict[str, Callable[[], object]]:
    """Return the acts to measure in the workspace; each leaves it as it was."""
    from billing_seats.budgets import seat_counts  # noqa: PLC0415 -- models load after the set-up
    from billing_seats.entitlement.check import decide, facts_of  # noqa: PLC0415 -- as above
    from billing_seats.lifecycle.services import deactivate, give, move, reactivate, take  # noqa: PLC0415 -- as above
    from billing_seats.subscription.services import resize  # noqa: PLC0415 -- as above
    from invitations.inviting import invite  # noqa: PLC0415 -- as above
    from invitations.services import revoke  # noqa: PLC0415 -- as above
    from members.access import actor_for, system_actor  # noqa: PLC0415 -- as above
    from members.models import User  # noqa: PLC0415 -- as above
    from workspace_admin.demo.cast import CHAT, CODE  # noqa: PLC0415 -- as above
    from workspace_admin.people.queries import Shape, find  # noqa: PLC0415 -- as above

    alice = actor_for(User.objects.get(email="alice@acme.example"), slug)
    workspace = alice.workspace
    one, other = workspace.memberships.active().filter(role="member", expires_at=None).exclude(seats=None)[:2]
    taken = {count.product.slug: count.taken for count in seat_counts(workspace)}
    for product, room in ((CHAT, taken[CHAT]), (CODE, 2)):
        resize(system_actor(workspace), product, taken[product] + room)
    product_id = workspace.seat_pools.get(product__slug=CHAT).product_id

    def give_and_take(product: str) -> None:
        take(alice, one.id, product)
        give(alice, one.id, product)
        take(alice, one.id, product)

    def invite_and_revoke() -> None:
        [answer] = invite(alice, ["somebody@large.example"], products=[CHAT, CODE])
        assert answer.invitation is not None
        revoke(alice, answer.invitation.id)

    def there_and_back() -> None:
        give(alice, one.id, CODE)
        take(alice, other.id, CODE)
        move(alice, CODE, one.id, other.id)
        take(alice, other.id, CODE)

    def away_and_back() -> None:
        deactivate(alice, one.id)
        reactivate(alice, one.id, [CHAT, CODE])

    asked = {"sort": "-last_active_at", "limit": 100, "q": "", "cursor": ""}
    deep = asked
    for _page in range(8):
        deep = deep | {"cursor": find(workspace, deep, Shape.API).next_cursor}

    return {
        "list by activity": lambda: find(workspace, asked, Shape.API),
        "list by activity, deep": lambda: find(workspace, deep, Shape.API),
        "list by words of nobody": lambda: find(workspace, asked | {"q": "nobodyhasthis"}, Shape.API),
        "give and take, many left": lambda: give_and_take(CHAT),
        "give and take, two left": lambda: give_and_take(CODE),
        "move": there_and_back,
        "invite with seats, revoke": invite_and_revoke,
        "deactivate, reactivate": away_and_back,
        "how seats stand": lambda: seat_counts(workspace),
        "who may open what": lambda: decide(facts_of(workspace, id=one.id), product_id),
    }


def took(act: Callable[[], object]) -> float:
    """Return the median in milliseconds."""
    act()
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return median(times) * 1_000


def measure() -> Iterator[tuple[str, float, float]]:
    """Return the name of each act and its milliseconds at both sizes."""
    seed()
    small, large = (acts(slug) for slug in SIZES)
    for name in small:
        yield name, took(small[name]), took(large[name])


def report() -> None:
    """Print a row for each."""
    for name, small, large in measure():
        sys.stdout.write(
            f"{name:28} {small:6.1f} ms  {large:6.1f} ms  {large / small:5.2f} times at 100,000 members (aim {AIM})\n"
        )


if __name__ == "__main__":
    django.setup()
    report()
