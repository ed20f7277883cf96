"""Entitlements in the REST API: for the products themselves, for scripts and for Admins."""

import uuid
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing_seats.api import WorkspaceResource
from billing_seats.entitlement.check import Reason, check
from billing_seats.models import ProductKey
from members.access import Action, named, require
from members.errors import InvalidRequest, NotFound
from members.rest.describe import PRODUCTS, described
from members.rest.fields import AddressInQuery
from members.rest.resource import Strict


class Person(Strict):
    """Who is asked about: either field."""

    email = AddressInQuery(max_length=1000, required=False, help_text="Their email address in this workspace.")
    user = serializers.UUIDField(required=False, help_text="The id of their account: `user` of a member.")


class EntitlementShape(serializers.Serializer[Any]):
    """Whether the product may be opened, and why."""

    entitled = serializers.BooleanField()
    reason = serializers.ChoiceField(
        choices=list(Reason),
        help_text="`seat` if entitled; otherwise the first condition that fails. `expired` is an invitation or a guest "
        "past the end date.",
    )


class ProductEntitlement(WorkspaceResource):
    """Whether a person may open a product."""

    def enter(self, request: Request, workspace: str) -> None:
        """Admit product keys too, on every plan; the workspace is looked up by the check itself."""
        if not isinstance(request.auth, ProductKey):
            super().enter(request, workspace)
            require(self.actor, Action.VIEW_ENTITLEMENTS)

    @described("Ask whether somebody may open a product", EntitlementShape, query=Person, callers=PRODUCTS)
    def get(self, request: Request, workspace: str, product: str) -> Response:
        """Ask by `email` or by `user`. Cache the answer for as long as `Cache-Control` says."""
        person = self._person()
        if isinstance(request.auth, ProductKey):
            if request.auth.product.slug != product:
                raise NotFound
            [where] = named(workspace).items()
        else:
            where = ("id", self.actor.workspace.id)
        found = check(where, product, person)
        if found is None:
            raise NotFound
        answer = {"entitled": found.entitled, "reason": found.reason.value}
        return Response(answer, headers={"Cache-Control": f"private, max-age={found.max_age}"})

    def _person(self) -> tuple[str, str | uuid.UUID]:
        asked = self.query(Person)
        if len(asked) != 1:
            raise InvalidRequest("Give either email or user.", field="email", code="one_of_two")
        if "user" in asked:
            return "user_id", asked["user"]
        return "email", asked["email"]
