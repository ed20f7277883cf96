"""Keys with which programs call the API: made once, shown once, revoked at any time, taken over by another Admin."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from billing_seats.keys import credentials
from billing_seats.models import Product, ProductKey
from billing_seats.plans import Feature, require_feature
from members import audit
from members.access import Action, Actor, require
from members.clock import database_now
from members.errors import InvalidRequest, NotFound, PermissionDenied
from members.ids import new_id
from members.models import ApiKey, Scope, User
from members.names import clean_name

INSTALLATION = uuid.UUID(int=0)
"""Stands in the audit log for a workspace, where something belongs to none."""


def listed(actor: Actor) -> QuerySet[ApiKey]:
    """Answer the keys of the actor's workspace that were not revoked, judged, with who answers for each."""
    return actor.workspace.api_keys.judged().select_related("created_by").filter(revoked_at=None)


@transaction.atomic
def create_key(actor: Actor, *, name: str, scope: str, expires_at: datetime | None = None) -> tuple[ApiKey, str]:
    """Answer a new key of the actor's workspace, and its text, which is kept nowhere.

    Raises:
        PermissionDenied, PlanRequired
        InvalidRequest: no name, an unknown scope, or an end that has passed.
    """
    require(actor, Action.MANAGE_API_KEYS)
    require_feature(actor.workspace, Feature.API)
    name = clean_name(name)
    if scope not in Scope.values:
        raise InvalidRequest(_("Choose read, or read and write."), field="scope", code="unknown")
    _require_to_come(expires_at)
    key_id = new_id()
    text, digest = credentials.make(credentials.WORKSPACE_KEY, key_id)
    key = ApiKey(
        id=key_id,
        workspace=actor.workspace,
        name=name,
        scope=scope,
        digest=digest,
        created_by_id=actor.id,
        expires_at=expires_at,
    )
    key.save(force_insert=True)
    changes: dict[str, list[Any]] = {
        "name": [None, name],
        "scope": [None, scope],
        "expires_at": [None, expires_at and str(expires_at)],
    }
    audit.record(actor, actor.workspace.id, "api_key.created", key, changes)
    return key, text


@transaction.atomic
def revoke_key(actor: Actor, key_id: uuid.UUID) -> ApiKey:
    """End the key for good, and answer it: the next call with it is refused.

    Raises:
        PermissionDenied
        NotFound: not of this workspace, or revoked before.
    """
    require(actor, Action.MANAGE_API_KEYS)
    key = _locked(actor, key_id)
    key.revoked_at = database_now()
    key.save(update_fields=["revoked_at"])
    audit.record(actor, actor.workspace.id, "api_key.revoked", key, {"revoked_at": [None, str(key.revoked_at)]})
    return key


@transaction.atomic
def take_over_key(actor: Actor, key_id: uuid.UUID) -> ApiKey:
    """Let the actor answer for the key, and answer it: it works on when its maker goes, or works again.

    Raises:
        PermissionDenied
        NotFound: not of this workspace, or revoked.
    """
    require(actor, Action.MANAGE_API_KEYS)
    key = _locked(actor, key_id)
    if key.created_by_id == actor.id:
        return key
    before, key.created_by_id = key.created_by_id, actor.id
    key.save(update_fields=["created_by"])
    changes = {"created_by": [before and str(before), str(actor.id)]}
    audit.record(actor, actor.workspace.id, "api_key.taken_over", key, changes)
    return key


def _locked(actor: Actor, key_id: uuid.UUID) -> ApiKey:
    rows = actor.workspace.api_keys.select_for_update(no_key=True)
    key = rows.filter(id=key_id, revoked_at=None).first()
    if key is None:
        raise NotFound
    return key


def _require_to_come(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= database_now():
        raise InvalidRequest(_("Choose a moment that is still to come."), field="expires_at", code="past")


@dataclass(frozen=True)
class Supporter:
    """A staff member who acts for the whole installation, as the audit log notes them."""

    user: User
    reason: str
    kind: str = "staff"

    @property
    def id(self) -> uuid.UUID:
        """Whose account it is."""
        return self.user.id

    @property
    def label(self) -> str:
        """The name as it is now."""
        return str(self.user)

    def require(self, permission: str) -> None:
        """Let through who has Django's permission and gave a reason.

        Raises:
            PermissionDenied, InvalidRequest
        """
        if not (self.user.is_staff and self.user.has_perm(permission)):
            raise PermissionDenied
        if not self.reason.strip():
            raise InvalidRequest(_("Give a reason."), field="reason", code="required")


@transaction.atomic
def create_product_key(
    who: Supporter, product: Product, *, name: str, expires_at: datetime | None = None
) -> tuple[ProductKey, str]:
    """Answer a new key with which the product asks who may open it, and its text, which is kept nowhere.

    Raises:
        PermissionDenied
        InvalidRequest: no reason, no name, or an end that has passed.
    """
    who.require("billing_seats.add_productkey")
    name = clean_name(name)
    _require_to_come(expires_at)
    key_id = new_id()
    text, digest = credentials.make(credentials.PRODUCT_KEY, key_id)
    key = ProductKey(id=key_id, product=product, name=name, digest=digest, expires_at=expires_at)
    key.save(force_insert=True)
    audit.record(who, INSTALLATION, "product_key.created", key, {"product": [None, product.slug]})
    return key, text


@transaction.atomic
def revoke_product_key(who: Supporter, key_id: uuid.UUID) -> None:
    """End the product's key for good; one revoked before changes nothing.

    Raises:
        PermissionDenied, InvalidRequest, NotFound
    """
    who.require("billing_seats.change_productkey")
    key = ProductKey.objects.select_for_update(no_key=True).filter(id=key_id).first()
    if key is None:
        raise NotFound
    if key.revoked_at is None:
        key.revoked_at = database_now()
        key.save(update_fields=["revoked_at"])
        audit.record(who, INSTALLATION, "product_key.revoked", key, {"revoked_at": [None, str(key.revoked_at)]})
