"""The cast, as the README has it: Alice runs Acme, Bob is in it, Carol pays; Dana runs Globex; Erin is on her own."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client

from billing_seats.counts import seat_counts
from members.access import Actor, actor_for
from members.models import Role, User, Workspace
from tests import truth
from workspace_admin import demo
from workspace_admin.celery import app

PASSWORD = "workspace-demo"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Let tests empty the audit log between each other; the one about TRUNCATE puts the guard back."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE members_auditevent DISABLE TRIGGER audit_no_truncate")


@pytest.fixture(scope="session")
def hashed() -> str:
    """One real hash for everyone: hashing is slow on purpose."""
    return make_password(PASSWORD)


@pytest.fixture(autouse=True)
def _quiet_broker(request):
    """Ring no doorbell, unless a test is about the worker: what is due stands in the outbox."""
    if "real_broker" in request.fixturenames:
        yield
        return
    before, app.conf.broker_url = app.conf.broker_url, "memory://localhost/"
    yield
    app.conf.broker_url = before


@pytest.fixture(autouse=True)
def _as_the_schema_says(monkeypatch):
    """Hold every answer of the API that a test gets against the schema."""
    ask = Client.request

    def request(self, **environ):
        response = ask(self, **environ)
        truth.check(environ["REQUEST_METHOD"], environ["PATH_INFO"], response)
        return response

    monkeypatch.setattr(Client, "request", request)


@pytest.fixture
def person(db, hashed) -> Callable[..., User]:
    def make(email: str, name: str = "", **fields) -> User:
        user = demo.add_person(email, name or email.partition("@")[0].title(), None)
        for field, value in {"password": hashed, **fields}.items():
            setattr(user, field, value)
        user.save()
        return user

    return make


@pytest.fixture
def alice(person) -> User:
    return person("alice@acme.example", "Alice Martin")


@pytest.fixture
def bob(person) -> User:
    return person("bob@acme.example", "Bob Keller")


@pytest.fixture
def carol(person) -> User:
    return person("carol@acme.example", "Carol Novak")


@pytest.fixture
def dana(person) -> User:
    return person("dana@globex.example", "Dana Osei")


@pytest.fixture
def erin(person) -> User:
    return person("erin@solo.example", "Erin Walsh")


@pytest.fixture
def acme(alice, bob, carol) -> Workspace:
    """Team; Alice Admin, Bob Member with a le Chat Team seat, Carol Billing."""
    demo.add_products()
    workspace = demo.open_house(demo.HOUSES[0], alice)
    host = actor_for(alice, "acme")
    demo.join(host, bob, Role.MEMBER, (demo.CHAT,))
    demo.join(host, carol, Role.BILLING)
    return workspace


@pytest.fixture
def globex(dana, alice) -> Workspace:
    """Enterprise; Dana Admin, Alice Member."""
    demo.add_products()
    workspace = demo.open_house(demo.HOUSES[1], dana)
    demo.join(actor_for(dana, "globex"), alice, Role.MEMBER)
    return workspace


@pytest.fixture
def solo(erin) -> Workspace:
    """Free; Erin Admin."""
    demo.add_products()
    return demo.open_house(demo.HOUSES[2], erin)


@pytest.fixture
def as_alice(acme, alice) -> Actor:
    return actor_for(alice, "acme")


@pytest.fixture
def as_bob(acme, bob) -> Actor:
    return actor_for(bob, "acme")


@pytest.fixture
def as_carol(acme, carol) -> Actor:
    return actor_for(carol, "acme")


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    def sign_in(user: User, **options) -> Client:
        client = Client(**options)
        client.force_login(user, settings.AUTHENTICATION_BACKENDS[0])
        return client

    return sign_in


@pytest.fixture
def seats_of() -> Callable[[Workspace, str], SimpleNamespace]:
    """The figures of one product, read anew."""

    def read(workspace: Workspace, slug: str = demo.CHAT):
        return next(count for count in seat_counts(workspace) if count.product.slug == slug)

    return read
