"""The demo cast: the people of the README and of the tests, put in through the services."""

from dataclasses import dataclass
from datetime import date, timedelta

from allauth.account.models import EmailAddress
from django.db.models.functions import Now
from django.utils.timezone import localdate

from billing_seats.lifecycle.services import give
from billing_seats.models import Product, SeatDay
from billing_seats.plans import Plan
from billing_seats.services import open_workspace
from billing_seats.subscription.services import change_plan, resize
from invitations.inviting import invite
from invitations.join.services import accept
from invitations.models import Invitation, Kind, Outcome
from invitations.offers import offer_from_session
from members.access import Actor, actor_for, system_actor
from members.models import Role, User, Workspace

CHAT, CODE = "le-chat-team", "mistral-code"
PRODUCTS = {
    CHAT: ("le Chat Team", "The assistant for the whole team.", "https://chat.mistral.ai/"),
    CODE: ("Mistral Code", "Coding help in the editor.", "https://mistral.ai/products/mistral-code"),
}
PEOPLE = {
    "alice@acme.example": "Alice Martin",
    "bob@acme.example": "Bob Keller",
    "carol@acme.example": "Carol Novak",
    "dana@globex.example": "Dana Osei",
    "erin@solo.example": "Erin Walsh",
    "frank@acme.example": "Frank Dubois",
    "grace@acme.example": "Grace Lindqvist",
    "support@example.com": "Sam Support",
}


@dataclass(frozen=True)
class DemoWorkspace:
    """A workspace of the cast: its plan, its seats by product and who opens it."""

    name: str
    slug: str
    plan: Plan
    seats: dict[str, int]
    owner: str


WORKSPACES = (
    DemoWorkspace("Acme", "acme", Plan.TEAM, {CHAT: 10, CODE: 3}, "alice@acme.example"),
    DemoWorkspace("Globex", "globex", Plan.ENTERPRISE, {CHAT: 50, CODE: 20}, "dana@globex.example"),
    DemoWorkspace("Solo", "solo", Plan.FREE, {}, "erin@solo.example"),
)


type Turn = tuple[int, int, int, int]
"""So many days ago, and from then on: seats bought, in use, held."""

TURNS: dict[str, dict[str, list[Turn]]] = {
    "acme": {
        "le-chat-team": [
            (80, 3, 1, 0), (76, 3, 1, 2), (73, 3, 3, 0), (66, 6, 3, 2), (63, 6, 4, 1), (61, 6, 5, 0), (47, 4, 5, 0),
            (42, 4, 4, 0), (31, 10, 4, 0), (30, 10, 4, 3), (28, 10, 5, 2), (26, 10, 6, 0), (14, 10, 5, 0),
            (9, 10, 4, 1), (5, 10, 3, 1), (2, 10, 3, 0),
        ],
        "mistral-code": [
            (59, 2, 0, 1), (57, 2, 1, 0), (36, 2, 1, 1), (33, 2, 2, 0), (22, 3, 2, 0), (12, 3, 1, 0),
        ],
    },
    "globex": {
        "le-chat-team": [
            (80, 10, 1, 0), (69, 10, 1, 4), (66, 10, 4, 1), (62, 10, 5, 0), (45, 25, 5, 6), (41, 25, 9, 0),
            (20, 50, 9, 0), (17, 50, 6, 0), (8, 50, 3, 0), (3, 50, 1, 0),
        ],
        "mistral-code": [(52, 20, 0, 2), (49, 20, 2, 0), (18, 20, 1, 0)],
    },
}  # fmt: skip
LAST_ACTIVE = {
    "bob@acme.example": timedelta(days=23),
    "frank@acme.example": timedelta(days=4),
    "grace@acme.example": timedelta(hours=19),
}


def add_person(email: str, name: str, password: str | None) -> User:
    """Return the account with a verified address, made where it is missing."""
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, password, name=name)
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


def add_products() -> None:
    """Fill the catalogue."""
    for slug, (name, description, url) in PRODUCTS.items():
        Product.objects.get_or_create(slug=slug, defaults={"name": name, "description": description, "url": url})


def create_workspace(demo: DemoWorkspace, owner: User) -> Workspace:
    """Return the workspace, opened by its owner and with what it bought."""
    workspace = open_workspace(owner, name=demo.name, slug=demo.slug)
    system = system_actor(workspace)
    change_plan(system, demo.plan, localdate() + timedelta(days=30) if demo.seats else None)
    for slug, purchased in demo.seats.items():
        resize(system, slug, purchased)
    return Workspace.objects.select_related("subscription").get(id=workspace.id)


def join(host: Actor, user: User, role: Role, seats: tuple[str, ...] = ()) -> None:
    """Invite the person and let them accept."""
    [answer] = invite(host, [user.email], role=role, products=seats)
    if answer.error is not None or answer.invitation is None:
        raise RuntimeError(user.email) from answer.error
    offer = offer_from_session(answer.invitation.id, answer.invitation.generation)
    if offer is None:
        raise RuntimeError(user.email)
    accept(offer, user)


def seed(passwords: dict[str, str]) -> None:
    """Put in the cast; ``passwords`` by address. Meant for a database without workspaces."""
    users = {email: add_person(email, name, passwords[email]) for email, name in PEOPLE.items()}
    add_products()
    for demo in WORKSPACES:
        create_workspace(demo, users[demo.owner])
    alice = actor_for(users["alice@acme.example"], "acme")
    dana = actor_for(users["dana@globex.example"], "globex")
    join(alice, users["bob@acme.example"], Role.MEMBER, (CHAT,))
    join(alice, users["carol@acme.example"], Role.BILLING)
    join(alice, users["frank@acme.example"], Role.MEMBER, (CHAT, CODE))
    join(alice, users["grace@acme.example"], Role.ADMIN, (CHAT,))
    join(dana, users["alice@acme.example"], Role.MEMBER)
    for product in PRODUCTS:
        give(dana, users["dana@globex.example"].memberships.get().id, product)
    _offers(alice)
    _seed_history()
    alice_user = users["alice@acme.example"]
    alice_user.last_workspace = alice.workspace
    alice_user.save(update_fields=["last_workspace"])


def _offers(alice: Actor) -> None:
    """Leave some people invited, one whose offer expired and one whose mail came back; only time is moved by hand."""
    invite(alice, ["henri@acme.example", "ines@acme.example"], products=[CHAT])
    invite(alice, ["jonas@acme.example", "typo@acme.example"], role=Role.MEMBER)
    expired = Invitation.objects.get(workspace=alice.workspace, email="jonas@acme.example")
    past = Now() - timedelta(days=2)
    alice.workspace.memberships.filter(email=expired.email).update(expires_at=past)
    Invitation.objects.filter(id=expired.id).update(expires_at=past, sent_at=Now() - timedelta(days=9))
    mails = alice.workspace.deliveries.filter(kind=Kind.INVITATION)
    mails.filter(recipient=expired.email).update(state="sent", sent_at=Now() - timedelta(days=9))
    mails.filter(recipient="typo@acme.example").update(
        state="sent", sent_at=Now(), outcome=Outcome.BOUNCED, outcome_at=Now()
    )


def _seed_history() -> None:
    """Write the history of the demo's workspaces up to yesterday, and when its people were last active."""
    products = {product.slug: product for product in Product.objects.all()}
    for slug, of_product in TURNS.items():
        workspace = Workspace.objects.get(slug=slug)
        for name, turns in of_product.items():
            SeatDay.objects.bulk_create(_days(workspace, products[name], turns, localdate()))
    for email, ago in LAST_ACTIVE.items():
        Workspace.objects.get(slug="acme").memberships.filter(email=email).update(last_active_at=Now() - ago)


def _days(workspace: Workspace, product: Product, turns: list[Turn], today: date) -> list[SeatDay]:
    rows = []
    for ago in range(turns[0][0], 0, -1):
        _from, purchased, in_use, held = [turn for turn in turns if turn[0] >= ago][-1]
        figures = {"purchased": purchased, "in_use": in_use, "held": held}
        rows.append(SeatDay(workspace=workspace, product=product, day=today - timedelta(days=ago), **figures))
    return rows
