"""The cast, as the README has it: Alice runs Acme, Bob is in it, Carol pays; Dana runs Globex; Erin is on her own."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.test import Client

from billing_seats.budgets import seat_counts
from members.access import Actor, actor_for
from members.models import User, Workspace
from tests import truth
from tests.cast import OPENED, add, stand
from workspace_admin.celery import app
from workspace_admin.demo import cast

pytest_plugins = ["tests.api_clients"]
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


@pytest.fixture(scope="module", autouse=True)
def _standing(request, hashed):
    """The workspaces that tests of a module name stand for all of them: opening them anew took most of the time.

    Each test works in a savepoint of this transaction. Where any test commits, each opens its own.
    """
    tests = [one for one in request.session.items if one.path == request.path]
    marks = [mark for one in tests for mark in one.iter_markers()]
    fixtures = {name for one in tests for name in one.fixturenames}
    alone = any(mark.name == "browser" or mark.kwargs.get("transaction") for mark in marks)
    if alone or "transactional_db" in fixtures or not fixtures & {"db", *OPENED}:
        yield
        return
    request.getfixturevalue("django_db_setup")
    blocker, block = request.getfixturevalue("django_db_blocker"), transaction.atomic()
    with blocker.unblock():
        block.__enter__()
        for slug in sorted(fixtures & set(OPENED)):
            stand(slug, hashed)
    yield
    with blocker.unblock():
        transaction.set_rollback(True)
        block.__exit__(None, None, None)


@pytest.fixture
def person(db, hashed) -> Callable[..., User]:
    def make(email: str, name: str = "", **fields) -> User:
        return add(email, name, hashed, **fields)

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
def acme(db, hashed) -> Workspace:
    """Team; Alice Admin, Bob Member with a le Chat Team seat, Carol Billing."""
    return stand("acme", hashed)


@pytest.fixture
def globex(db, hashed) -> Workspace:
    """Enterprise; Dana Admin, Alice Member."""
    return stand("globex", hashed)


@pytest.fixture
def solo(db, hashed) -> Workspace:
    """Free; Erin Admin."""
    return stand("solo", hashed)


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

    def read(workspace: Workspace, slug: str = cast.CHAT):
        return next(count for count in seat_counts(workspace) if count.product.slug == slug)

    return read
