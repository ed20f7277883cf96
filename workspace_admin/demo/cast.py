"""The demo cast: the people of the README and of the tests, put in through the services."""

from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db.models.functions import Now
from django.utils.timezone import localdate

from billing_seats.lifecycle.services import give
from billing_seats.models import Product
from billing_seats.plans import Plan
from billing_seats.services import open_workspace
from billing_seats.subscription.services import change_plan, resize
from invitations.inviting import invite
from invitations.join.services import accept
from invitations.models import Invitation, Kind, Outcome
from invitations.offers import offer_from_session
from members.access import Actor, actor_for, system_actor
from members.models import Role, User, Workspace
from workspace_admin.demo import history

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
    history.seed_history()
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
