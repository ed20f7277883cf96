"""API keys in the REST API, for signed-in people only: a key cannot manage keys."""

import uuid
from typing import Any

import orjson
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import WorkspaceResource
from billing_seats.keys import credentials, services
from members.access import Action, require
from members.keys import KeyStatus
from members.models import ApiKey, Scope
from members.rest.describe import PEOPLE, described, page_of
from members.rest.fields import Text, Timestamp
from members.rest.json import JSONRenderer
from members.rest.pagination import Order
from members.rest.resource import ListQuery, Strict

NEWEST_FIRST = Order("newest", "created_at", descending=True, timed=True)


class NewApiKey(Strict):
    """A key to create."""

    name = Text(
        max_length=1000, help_text="What it is for: at most 100 characters, no control characters, no line breaks."
    )
    scope = serializers.ChoiceField(choices=Scope.choices, default=Scope.READ.value)
    expires_at = Timestamp(default=None, allow_null=True, help_text="When it expires; null or absent for never.")


class KeyMaker(serializers.Serializer[Any]):
    """The owner of a key: whoever created it or took it over."""

    type = serializers.ChoiceField(choices=["user"])
    id = serializers.UUIDField(allow_null=True, help_text="Null once the account is gone.")
    name = serializers.CharField()


class ApiKeyShape(serializers.Serializer[Any]):
    """A key, without its secret."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    scope = serializers.ChoiceField(choices=Scope.choices)
    prefix = serializers.CharField(help_text="How the key begins, to tell keys apart.")
    status = serializers.ChoiceField(
        choices=[KeyStatus.WORKING.value, KeyStatus.EXPIRED.value, KeyStatus.STOPPED.value],
        help_text="`stopped`: its owner is not an active Admin. Another Admin can take it over in the console.",
    )
    created_by = KeyMaker()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="Accurate to the minute.")
    expires_at = serializers.DateTimeField(allow_null=True)


class MadeApiKey(ApiKeyShape):
    """A key with its secret, shown once."""

    secret = serializers.CharField(
        allow_null=True, help_text="The whole key. Null in a replay under the same Idempotency-Key: it is not stored."
    )


def to_json(key: ApiKey) -> dict[str, Any]:
    """Return a key of ``services.listed`` as the API writes it."""
    owner = key.created_by
    return {
        "id": key.id,
        "name": key.name,
        "scope": key.scope,
        "prefix": credentials.shortened(credentials.WORKSPACE_KEY, key.id),
        "status": key.status,
        "created_by": {"type": "user", "id": owner and owner.id, "name": str(owner or "")},
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "expires_at": key.expires_at,
    }


class ApiKeys(WorkspaceResource):
    """The API keys of a workspace."""

    @described("List API keys", page_of(ApiKeyShape), query=ListQuery, callers=PEOPLE)
    def get(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """Newest first, without revoked ones. For signed-in people only, not for keys."""
        require(self.actor, Action.MANAGE_API_KEYS)
        query = self.query(ListQuery)
        return self.listed(services.listed(self.actor), NEWEST_FIRST, query, to_json)

    @described("Create an API key", MadeApiKey, status=201, body=NewApiKey, callers=PEOPLE)
    def post(self, request: Request, workspace: str) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """The response holds the whole key, this once. For signed-in people only: a key cannot create keys."""
        require(self.actor, Action.MANAGE_API_KEYS)
        new = self.body(NewApiKey)
        key, text = services.create_key(self.actor, **new)
        return Response({**to_json(services.listed(self.actor).get(id=key.id)), "secret": text}, 201)

    def body_to_store(self, response: HttpResponse) -> bytes:
        """Return the body to store for replays, without the secret."""
        body = orjson.loads(super().body_to_store(response))
        return JSONRenderer().render({**body, "secret": None} if "secret" in body else body)


class OneApiKey(WorkspaceResource):
    """An API key."""

    @described("Revoke an API key", None, status=204, callers=PEOPLE)
    def delete(self, request: Request, workspace: str, key: uuid.UUID) -> Response:  # noqa: ARG002 -- the door took the path's workspace
        """The next request with it is refused. For signed-in people only, not for keys."""
        services.revoke_key(self.actor, key)
        return Response(status=204)
