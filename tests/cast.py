"""The cast, put in through the services: once for all tests of a module where none of them commits."""

from typing import Any

from billing_seats.models import Product
from members.access import actor_for
from members.models import Role, User, Workspace
from workspace_admin import demo


def add(email: str, name: str, hashed: str, **fields: Any) -> User:
    """Answer the person, made or changed to be so; ``hashed`` is the hash of their password."""
    user = demo.add_person(email, name or demo.PEOPLE.get(email) or email.partition("@")[0].title(), None)
    wanted = {"password": hashed, **fields}
    if any(getattr(user, field) != value for field, value in wanted.items()):
        for field, value in wanted.items():
            setattr(user, field, value)
        user.save()
    return user


def _open_acme(hashed: str) -> None:
    alice, bob, carol = (add(f"{name}@acme.example", "", hashed) for name in ("alice", "bob", "carol"))
    demo.open_house(demo.HOUSES[0], alice)
    host = actor_for(alice, "acme")
    demo.join(host, bob, Role.MEMBER, (demo.CHAT,))
    demo.join(host, carol, Role.BILLING)


def _open_globex(hashed: str) -> None:
    alice, dana = add("alice@acme.example", "", hashed), add("dana@globex.example", "", hashed)
    demo.open_house(demo.HOUSES[1], dana)
    demo.join(actor_for(dana, "globex"), alice, Role.MEMBER)


def _open_solo(hashed: str) -> None:
    demo.open_house(demo.HOUSES[2], add("erin@solo.example", "", hashed))


OPENED = {"acme": _open_acme, "globex": _open_globex, "solo": _open_solo}


def stand(slug: str, hashed: str) -> Workspace:
    """Answer the workspace, opened where it does not stand already."""
    if not Product.objects.exists():
        demo.add_products()
    if not Workspace.objects.filter(slug=slug).exists():
        OPENED[slug](hashed)
    return Workspace.objects.select_related("subscription").get(slug=slug)
