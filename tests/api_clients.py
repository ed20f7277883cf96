"""Callers of the REST API."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from billing_seats.keys.services import create_key
from members.access import Actor
from members.models import ApiKey, User, Workspace


class Caller:
    """A browser session, or a program with a key, that speaks JSON."""

    key: ApiKey
    text: str

    def __init__(self, client: Client) -> None:
        self.client = client

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1{path}", query)

    def post(self, path: str, body: Any = None) -> Any:
        return self.send("POST", path, body)

    def patch(self, path: str, body: Any) -> Any:
        return self.send("PATCH", path, body)

    def put(self, path: str, body: Any = None) -> Any:
        return self.send("PUT", path, body)

    def delete(self, path: str) -> Any:
        return self.send("DELETE", path)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        raw = b"" if body is None else json.dumps(body).encode()
        return self.client.generic(method, f"/api/v1{path}", raw, "application/json", headers=headers)


@pytest.fixture
def api(client_for: Callable[[User], Client]) -> Callable[[User], Caller]:
    return lambda user: Caller(client_for(user))


@pytest.fixture
def key_of() -> Callable[..., Caller]:
    """A program with a new key of the actor's workspace; ``key`` and ``text`` are the key's."""

    def make(actor: Actor, scope: str = "write", **client: Any) -> Caller:
        key, text = create_key(actor, name="Nightly sync", scope=scope)
        caller = Caller(Client(headers={"Authorization": f"Bearer {text}"}, **client))
        caller.key, caller.text = key, text
        return caller

    return make


@pytest.fixture
def api_views() -> set[type]:
    """Every resource of the API."""
    paths = next(one for one in get_resolver().url_patterns if str(one.pattern) == "api/v1/").url_patterns
    return {path.callback.cls for path in paths if hasattr(path.callback, "cls")}


@pytest.fixture
def every_workspace(acme: Workspace, globex: Workspace, solo: Workspace) -> None:
    """Open all three workspaces, so that no refusal is caused by a missing one."""


@pytest.fixture
def stranger() -> Caller:
    return Caller(Client())


def problem(response: Any) -> tuple[int, str]:
    """Return status and code of a complete problem document."""
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    assert body["status"] == response.status_code
    return response.status_code, body["code"]


def fields(response: Any) -> list[str]:
    """Return which fields a refusal names."""
    assert problem(response) == (400, "invalid_request")
    return [error["field"] for error in response.json()["errors"]]
