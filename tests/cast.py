"""The cast, put in through the services: once for all tests of a module where none of them commits."""

from typing import Any

from billing_seats.models import Product
from members.access import actor_for
from members.models import Role, User, Workspace
from workspace_admin.demo import cast


def add(email: str, name: str, hashed: str, **fields: Any) -> User:
    """Create or update the person and return them; ``hashed`` is the hash of their password."""
    user = cast.add_person(email, name or cast.PEOPLE.get(email) or email.partition("@")[0].title(), None)
    wanted = {"password": hashed, **fields}
    if any(getattr(user, field) != value for field, value in wanted.items()):
        for field, value in wanted.items():
            setattr(user, field, value)
        user.save()
    return user


def _open_acme(hashed: str) -> None:
    alice, bob, carol = (add(f"{name}@acme.example", "", hashed) for name in ("alice", "bob", "carol"))
    cast.create_workspace(cast.WORKSPACES[0], alice)
    host = actor_for(alice, "acme")
    cast.join(host, bob, Role.MEMBER, (cast.CHAT,))
    cast.join(host, carol, Role.BILLING)


def _open_globex(hashed: str) -> None:
    alice, dana = add("alice@acme.example", "", hashed), add("dana@globex.example", "", hashed)
    cast.create_workspace(cast.WORKSPACES[1], dana)
    cast.join(actor_for(dana, "globex"), alice, Role.MEMBER)


def _open_solo(hashed: str) -> None:
    cast.create_workspace(cast.WORKSPACES[2], add("erin@solo.example", "", hashed))


OPENED = {"acme": _open_acme, "globex": _open_globex, "solo": _open_solo}


def stand(slug: str, hashed: str) -> Workspace:
    """Return the workspace, opening it unless it exists."""
    if not Product.objects.exists():
        cast.add_products()
    if not Workspace.objects.filter(slug=slug).exists():
        OPENED[slug](hashed)
    return Workspace.objects.select_related("subscription").get(slug=slug)
