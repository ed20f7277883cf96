"""Support makes a product's key, sees it once, and may revoke it; nothing of it can be changed by any other way."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from billing_seats.keys.services import create_product_key
from billing_seats.models import Product, ProductKey
from members import audit
from members.access import StaffMember
from members.errors import DomainError
from members.models import AuditEvent
from tests.workspace_admin.support.pages import REASON, page, said

ADD = "/admin/billing_seats/productkey/add/"
MODEL = "billing_seats_productkey"


@pytest.fixture
def product(acme) -> Product:
    return Product.objects.get(slug="le-chat-team")


@pytest.fixture
def key(sam, product) -> ProductKey:
    return create_product_key(StaffMember(sam, REASON), product, name="Chat server")[0]


def _values(product, /, **changes):
    values = {"product": product.pk, "name": "Chat server", "expires_at_0": "", "expires_at_1": "", "reason": REASON}
    return values | changes


def test_support_makes_a_key_and_sees_it_once(client_for, sam, product, client):
    answer = client_for(sam).post(ADD, _values(product))
    assert answer.status_code == 200
    [text] = set(re.findall(r"psk_[0-9a-f]{32}_[0-9a-f]{64}", answer.content.decode()))
    made = ProductKey.objects.get()
    assert (made.name, made.product) == ("Chat server", product)
    event = AuditEvent.objects.get(action="product_key.created")
    assert (event.workspace_id, event.actor_type, event.reason) == (audit.INSTALLATION, "staff", REASON)
    assert (event.target_type, event.target_label) == ("product_key", "Chat server")
    called = client.get("/api/v1/workspaces/acme/members", headers={"Authorization": f"Bearer {text}"})
    assert called.status_code == 403
    secret = text.rpartition("_")[2]
    for url in (page(MODEL), page(MODEL, made.pk)):
        shown = client_for(sam).get(url).content.decode()
        assert f"psk_{made.id.hex}_…" in shown
        assert secret not in shown
    assert secret not in str(client_for(sam).session.items())


def test_a_key_may_have_an_end_that_is_to_come(client_for, sam, product):
    client = client_for(sam)
    past = client.post(ADD, _values(product, expires_at_0="2020-01-01", expires_at_1="00:00"), follow=True)
    assert said(past) == ["Choose a time in the future."]
    assert not ProductKey.objects.exists()
    client.post(ADD, _values(product, expires_at_0="2099-01-01", expires_at_1="00:00"))
    assert ProductKey.objects.get().expires_at.year == 2099


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"reason": "  "}, {"name": ""}, {"product": ""}])
def test_nothing_is_made_without_name_product_and_reason(client_for, sam, product, wrong):
    client_for(sam).post(ADD, _values(product, **wrong))
    assert not ProductKey.objects.exists()


def test_support_revokes_a_key(client_for, sam, key):
    client, url = client_for(sam), page(MODEL, key.pk)
    client.post(url, {"reason": REASON})
    client.post(url, {"revoke": "on", "reason": ""})
    key.refresh_from_db()
    assert key.revoked_at is None
    client.post(url, {"revoke": "on", "reason": REASON, "name": "Other", "digest": "x"})
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert key.name == "Chat server"
    assert AuditEvent.objects.filter(action="product_key.revoked", actor_id=sam.pk, reason=REASON).count() == 1
    assert client.post(url, {"revoke": "on", "reason": REASON}).status_code == 403


def test_who_only_looks_makes_and_revokes_nothing(client_for, vera, key, product):
    client = client_for(vera)
    assert client.get(page(MODEL, key.pk)).status_code == 200
    assert client.post(ADD, _values(product)).status_code == 403
    assert client.post(page(MODEL, key.pk), {"revoke": "on", "reason": REASON}).status_code == 403
    for act in (
        lambda: create_product_key(StaffMember(vera, REASON), product, name="x"),
        lambda: create_product_key(StaffMember(vera, ""), product, name="x"),
    ):
        with pytest.raises(DomainError) as refused:
            act()
        assert refused.value.code == "permission_denied"
    assert ProductKey.objects.get().revoked_at is None


@pytest.mark.parametrize("who", ["sam", "root"])
def test_nobody_deletes_a_key(request, client_for, who, key):
    client = client_for(request.getfixturevalue(who))
    assert client.post(reverse(f"admin:{MODEL}_delete", args=[key.pk]), {"post": "yes"}).status_code == 403
    assert ProductKey.objects.count() == 1


def test_a_key_past_its_end_is_shown_as_that(client_for, sam, key):
    ProductKey.objects.update(expires_at=Now() - timedelta(seconds=1))
    assert "Expired" in client_for(sam).get(page(MODEL)).content.decode()
