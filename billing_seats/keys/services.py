"""API keys and product keys: creating, revoking, and taking over the API key of a former Admin."""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from billing_seats.keys import credentials
from billing_seats.models import Product, ProductKey
from billing_seats.plans import Feature, require_feature
from members import audit
from members.access import Action, Actor, StaffMember, require
from members.acting import acting
from members.clock import database_now
from members.errors import InvalidRequest, NotFound
from members.ids import new_id
from members.models import ApiKey, Scope, Workspace
from members.names import clean_name


def listed(actor: Actor) -> QuerySet[ApiKey]:
    """Return the keys of the actor's workspace that were not revoked, with their status and owner."""
    return actor.workspace.api_keys.with_status().select_related("created_by").filter(revoked_at=None)


def create_key(actor: Actor, *, name: str, scope: str, expires_at: datetime | None = None) -> tuple[ApiKey, str]:
    """Create an API key; return it with its text, which is not stored. An Admin with the plan's feature only."""
    require(actor, Action.MANAGE_API_KEYS)
    require_feature(actor.workspace, Feature.API)
    name = clean_name(name)
    if scope not in Scope.values:
        raise InvalidRequest(_("Choose read, or read and write."), field="scope", code="unknown")
    _require_future(expires_at)
    key_id = new_id()
    text, digest = credentials.make(credentials.WORKSPACE_KEY, key_id)
    changes: dict[str, list[Any]] = {
        "name": [None, name],
        "scope": [None, scope],
        "expires_at": [None, expires_at and str(expires_at)],
    }
    with acting(actor, Action.MANAGE_API_KEYS) as current:
        workspace = current.workspace
        require_feature(workspace, Feature.API)
        key = ApiKey(
            id=key_id,
            workspace=workspace,
            name=name,
            scope=scope,
            digest=digest,
            created_by_id=current.id,
            expires_at=expires_at,
        )
        key.save(force_insert=True)
        audit.record(current, workspace.id, "api_key.created", key, changes)
    return key, text


def revoke_key(actor: Actor, key_id: uuid.UUID) -> ApiKey:
    """Revoke the key for good and return it; raise NotFound if it already is. The next request with it is refused."""
    with acting(actor, Action.MANAGE_API_KEYS) as current:
        key = _locked(current.workspace, key_id)
        key.revoked_at = database_now()
        key.save(update_fields=["revoked_at"])
        changes = {"revoked_at": [None, str(key.revoked_at)]}
        audit.record(current, current.workspace.id, "api_key.revoked", key, changes)
        return key


def take_over_key(actor: Actor, key_id: uuid.UUID) -> tuple[ApiKey, str]:
    """Make the actor the key's owner and give it a new secret; return the key with its new text, which is not stored.

    The old secret stops at once: a former Admin may still have it. Raise InvalidRequest if the actor owns it already.
    """
    with acting(actor, Action.MANAGE_API_KEYS) as current:
        key = _locked(current.workspace, key_id)
        if key.created_by_id == current.id:
            message = _("You already own this key. If its secret is lost, revoke it and create a new one.")
            raise InvalidRequest(message, field="key", code="own_key")
        text, key.digest = credentials.make(credentials.WORKSPACE_KEY, key.id)
        before, key.created_by_id = key.created_by_id, current.id
        key.save(update_fields=["created_by", "digest"])
        changes: dict[str, list[Any]] = {
            "created_by": [before and str(before), str(current.id)],
            "secret": [None, "new"],
        }
        audit.record(current, current.workspace.id, "api_key.taken_over", key, changes)
        return key, text


def _locked(workspace: Workspace, key_id: uuid.UUID) -> ApiKey:
    workspace.require_lock()
    key = workspace.api_keys.select_for_update(no_key=True).filter(id=key_id, revoked_at=None).first()
    if key is None:
        raise NotFound
    return key


def _require_future(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= database_now():
        raise InvalidRequest(_("Choose a time in the future."), field="expires_at", code="past")


@transaction.atomic
def create_product_key(
    who: StaffMember, product: Product, *, name: str, expires_at: datetime | None = None
) -> tuple[ProductKey, str]:
    """Create a key with which the product asks for entitlements; return it with its text, which is not stored."""
    who.require("billing_seats.add_productkey")
    name = clean_name(name)
    _require_future(expires_at)
    key_id = new_id()
    text, digest = credentials.make(credentials.PRODUCT_KEY, key_id)
    key = ProductKey(id=key_id, product=product, name=name, digest=digest, expires_at=expires_at)
    key.save(force_insert=True)
    audit.record(who, audit.INSTALLATION, "product_key.created", key, {"product": [None, product.slug]})
    return key, text


@transaction.atomic
def revoke_product_key(who: StaffMember, key_id: uuid.UUID) -> None:
    """Revoke the product key for good; do nothing if it already is."""
    who.require("billing_seats.change_productkey")
    key = ProductKey.objects.select_for_update(no_key=True).filter(id=key_id).first()
    if key is None:
        raise NotFound
    if key.revoked_at is None:
        key.revoked_at = database_now()
        key.save(update_fields=["revoked_at"])
        audit.record(who, audit.INSTALLATION, "product_key.revoked", key, {"revoked_at": [None, str(key.revoked_at)]})
