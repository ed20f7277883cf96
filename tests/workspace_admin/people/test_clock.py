"""What lists say of people and offers goes by the database's clock, whatever the console's own says."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.db.models.functions import Now
from django.utils import timezone

from invitations import api as invitations
from invitations.delivery.timeline import timeline_of
from invitations.models import Invitation
from members.models import Membership
from workspace_admin.people.api import to_json
from workspace_admin.people.queries import api_rows, with_details
from workspace_admin.people.rows import present

HOUR = timedelta(hours=1)
EVERYONE = {
    "alice@acme.example": "active",
    "bob@acme.example": "lapsed",
    "carol@acme.example": "active",
    "ada@new.example": "invited",
    "ben@new.example": "expired",
}
OFFERS = {"ada@new.example": "pending", "ben@new.example": "expired"}


@pytest.fixture
def house(acme, ask_to_join):
    """Bob has lapsed, and Carol will; of two offers one is open."""
    ask_to_join("ada@new.example ben@new.example")
    for email, ends in (("bob@acme.example", -HOUR), ("carol@acme.example", HOUR), ("ben@new.example", -HOUR)):
        Membership.objects.filter(email=email).update(expires_at=Now() + ends)
    acme.invitations.filter(email="ben@new.example").update(expires_at=Now() - HOUR)
    return acme


@pytest.fixture(params=[-10, 10], ids=["slow", "fast"])
def skewed(request, house, monkeypatch):
    """The same, and the console's clock is ten years off."""
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(days=365 * request.param))
    return house


def test_the_page_says_who_is_active_lapsed_invited_and_expired(skewed):
    assert {row.email: row.status for row in present(list(with_details(skewed)), [], "acme", None)} == EVERYONE


def test_the_api_says_the_same_of_members(skewed):
    assert {row.email: to_json(row)["status"] for row in api_rows(skewed)} == EVERYONE


def test_and_of_invitations(skewed):
    shown = [invitations.to_json(row) for row in invitations.queryset(skewed).filter(status="pending")]
    assert {one["email"]: one["status"] for one in shown} == OFFERS


@pytest.mark.parametrize(("email", "kinds"), [("ada@new.example", []), ("ben@new.example", ["expired"])])
def test_and_the_timeline_of_an_invitation(skewed, as_alice, email, kinds):
    told = timeline_of(as_alice, skewed.invitations.get(email=email).id)
    assert [entry.kind for entry in told.entries if entry.kind == "expired"] == kinds


def test_and_support_staff_in_the_admin(skewed):
    for model, statuses in ((Membership, EVERYONE), (Invitation, OFFERS)):
        page = admin.site.get_model_admin(model)
        shown = {row.email: page.status_label(row).lower() for row in page.get_queryset(None)}
        assert {email: shown[email] for email in statuses} == statuses


@pytest.mark.parametrize("row", [Membership.objects.first, Invitation.objects.first])
def test_a_status_read_without_the_databases_clock_fails(house, row):
    with pytest.raises(KeyError):
        _ = row().display_status
