"""A big workspace, copied in: what the speed of lists, searches and seats is measured on. Nobody in it is real."""

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import connection, models, transaction
from django.db.models import GeneratedField

from billing_seats.models import Plan, Product, Seat
from invitations.models import Delivery, Invitation, InvitationStatus, Kind, Outcome
from members.clock import database_now
from members.ids import new_id
from members.models import Membership, Role, Status, User, Workspace
from members.names import fold
from members.outbox.queue import State
from workspace_admin.demo import cast

COLOURS = ["Amber", "Azure", "Coral", "Crimson", "Golden", "Indigo", "Ivory", "Jade", "Olive", "Silver", "Teal"]
TREES = ["Alder", "Aspen", "Beech", "Birch", "Cedar", "Elm", "Hazel", "Larch", "Linden", "Maple", "Poplar", "Willow"]
DAY = timedelta(days=1)
OFFER = 7


@dataclass(frozen=True)
class Place:
    """Who one of the many is: all of it follows from the number, so that two loads are alike."""

    number: int
    slug: str
    now: datetime

    @cached_property
    def id(self) -> uuid.UUID:
        """The membership's id."""
        return new_id()

    @cached_property
    def user_id(self) -> uuid.UUID | None:
        """The account's id; invitees have none yet."""
        return None if self.status == Status.INVITED else new_id()

    @property
    def email(self) -> str:
        """An address that no mail leaves for."""
        return f"member{self.number:06}@{self.slug}.example"

    def every(self, many: int, first: int) -> bool:
        """Return whether this is one of those that return after so many, of which this is the first."""
        return self.number % many == first

    @property
    def name(self) -> str:
        """A colour, a tree and the number; invitees have not told theirs."""
        if self.status == Status.INVITED:
            return ""
        colour, tree = COLOURS[self.number % len(COLOURS)], TREES[self.number // len(COLOURS) % len(TREES)]
        return f"{colour} {tree} {self.number:06}"

    @property
    def status(self) -> Status:
        """One in ten is invited, one in fifty deactivated."""
        if self.every(10, 1):
            return Status.INVITED
        return Status.DEACTIVATED if self.every(50, 2) else Status.ACTIVE

    @property
    def role(self) -> Role:
        """Some Admins and some who pay."""
        if self.every(200, 5):
            return Role.ADMIN
        return Role.BILLING if self.every(100, 6) else Role.MEMBER

    @property
    def expires_at(self) -> datetime | None:
        """Half of the offers have expired, and a quarter of the guests lapsed."""
        if self.status == Status.INVITED:
            return self.now + (2 * DAY if self.every(20, 1) else -DAY)
        if not self.every(25, 8):
            return None
        return self.now + (-DAY if self.every(100, 8) else 90 * DAY)

    def holds(self, product: str) -> bool:
        """Return whether they have a seat of it: most of the assistant, few of the other."""
        if self.status == Status.DEACTIVATED:
            return False
        return not self.every(5, 4) if product == cast.CHAT else self.every(10, 1) or self.every(50, 7)


def make(owner: User, slug: str, members: int) -> Workspace:
    """Return a new workspace of so many members besides its owner, all committed at once."""
    cast.add_products()
    bought = {cast.CHAT: members, cast.CODE: members // 8 + len(TREES)}
    with transaction.atomic():
        workspace = cast.create_workspace(
            cast.DemoWorkspace("Large", slug, Plan.ENTERPRISE, bought, owner.email), owner
        )
        places = [Place(number, slug, database_now()) for number in range(members)]
        with connection.cursor() as cursor:
            # Keys are checked row by row by plans made while the tables were small.
            cursor.execute("SET LOCAL enable_seqscan = off")
        _people(places)
        _places(workspace, places)
        _offers(workspace, owner, [place for place in places if place.status == Status.INVITED])
        _seats(workspace, places)
        _analyze()
    return workspace


def _people(places: Sequence[Place]) -> None:
    joined = [place for place in places if place.user_id]
    locked = make_password(None)
    _copy(User, {"id": lambda p: p.user_id, "email": _email, "name": _name, "password": lambda _: locked}, joined)
    proved = {"user": lambda p: p.user_id, "email": _email, "verified": _yes, "primary": _yes}
    _copy(EmailAddress, proved, joined)


def _places(workspace: Workspace, places: Sequence[Place]) -> None:
    def seen(place: Place) -> datetime | None:
        return place.now - timedelta(minutes=place.number * 7 % 43_200) if place.user_id else None

    _copy(
        Membership,
        {
            "id": lambda p: p.id,
            "workspace": lambda _: workspace.id,
            "user": lambda p: p.user_id,
            "email": _email,
            "name": _name,
            "sort_name": lambda p: fold(p.name or p.email),
            "role": lambda p: p.role.value,
            "status": lambda p: p.status.value,
            "expires_at": lambda p: p.expires_at,
            "joined_at": lambda p: p.now - timedelta(hours=p.number % 9_000) if p.user_id else None,
            "last_active_at": seen,
        },
        places,
    )


def _sent_at(place: Place) -> datetime:
    return (place.expires_at or place.now) - OFFER * DAY


def _offers(workspace: Workspace, owner: User, invited: Sequence[Place]) -> None:
    ids = {place.number: new_id() for place in invited}
    _copy(
        Invitation,
        {
            "id": lambda p: ids[p.number],
            "workspace": lambda _: workspace.id,
            "membership": lambda p: p.id,
            "email": _email,
            "role": lambda p: p.role.value,
            "status": lambda _: InvitationStatus.PENDING.value,
            "expires_at": lambda p: p.expires_at,
            "sent_at": _sent_at,
            "created_at": _sent_at,
            "invited_by_type": lambda _: "user",
            "invited_by_id": lambda _: owner.id,
            "invited_by_name": lambda _: str(owner),
            "last_sender_type": lambda _: "user",
            "last_sender_id": lambda _: owner.id,
        },
        invited,
    )
    _deliveries(workspace, ids, invited)


def _deliveries(workspace: Workspace, invitations: Mapping[int, uuid.UUID], invited: Sequence[Place]) -> None:
    _copy(
        Delivery,
        {
            "id": lambda _: new_id(),
            "workspace": lambda _: workspace.id,
            "invitation": lambda p: invitations[p.number],
            "generation": lambda _: 1,
            "kind": lambda _: Kind.INVITATION.value,
            "recipient": _email,
            "state": lambda _: State.SENT.value,
            "message_id": lambda p: f"<{p.id}@large.example>",
            "sent_at": _sent_at,
            "created_at": _sent_at,
            "outcome": lambda _: Outcome.DELIVERED.value,
            "outcome_at": _sent_at,
        },
        invited,
    )


def _seats(workspace: Workspace, places: Sequence[Place]) -> None:
    for product in Product.objects.filter(slug__in=[cast.CHAT, cast.CODE]):
        columns: Columns = {
            "id": lambda _: new_id(),
            "workspace": lambda _: workspace.id,
            "membership": lambda p: p.id,
            "product": _always(product.id),
        }
        _copy(Seat, columns, [place for place in places if place.holds(product.slug)])


def _always(value: Any) -> Callable[[Place], Any]:
    return lambda _: value


def _analyze() -> None:
    """Let plans know how big the tables are; who does not own them is warned, and leaves it to the server."""
    with connection.cursor() as cursor:
        for model in (User, EmailAddress, Membership, Invitation, Delivery, Seat):
            cursor.execute(f"ANALYZE {model._meta.db_table}")  # noqa: SLF001 -- public by its documentation
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


type Columns = dict[str, Callable[[Place], Any]]


def _copy(model: type[models.Model], columns: Columns, places: Iterable[Place]) -> None:
    """Copy a row for each place in; fields not named get the model's default, or the database's."""
    fields = {field.name: field for field in model._meta.concrete_fields}  # noqa: SLF001 -- as above
    given = {**dict(_defaults(fields.values(), columns)), **columns}
    names = ", ".join(connection.ops.quote_name(str(fields[name].column)) for name in given)
    into = f"COPY {connection.ops.quote_name(model._meta.db_table)} ({names}) FROM STDIN"  # noqa: SLF001 -- as above
    with connection.cursor() as cursor, cursor.copy(into) as copy:
        for place in places:
            copy.write_row([value(place) for value in given.values()])


def _defaults(fields: Iterable["models.Field[Any, Any]"], named: Collection[str]) -> Iterator[tuple[str, Any]]:
    for field in fields:
        served = field.has_db_default() or field.generated or field.null or isinstance(field, GeneratedField)
        if field.name not in named and not served and not isinstance(field, models.AutoField):
            value = field.get_default()
            yield field.name, lambda _, value=value: value


def _email(place: Place) -> str:
    return place.email


def _name(place: Place) -> str:
    return place.name


def _yes(_place: Place) -> bool:
    return True
