"""Support staff in Django admin: they find anything, change little, and only through the services."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from billing_seats.models import Product, SeatPool, Subscription
from invitations.models import Invitation, InvitationStatus
from invitations.services import invite
from members.models import AuditEvent, Membership
from workspace_admin.staff import make_staff

ZOE = "zoe@new.example"
REASON = "Ticket 812"


@pytest.fixture
def sam(person):
    user = person("support@example.com", "Sam Support")
    make_staff(user)
    return user


@pytest.fixture
def vera(person):
    user = person("viewer@example.com", "Vera Viewer")
    make_staff(user, "Support, view only")
    return user


@pytest.fixture
def root(person):
    return person("superuser@example.com", "Superuser", is_staff=True, is_superuser=True)


@pytest.fixture
def invitation(as_alice) -> Invitation:
    [answer] = invite(as_alice, [ZOE], products=["le-chat-team"])
    Invitation.objects.update(sent_at=Now() - timedelta(minutes=5))
    return answer.invitation


def _page(model: str, *args) -> str:
    return reverse(f"admin:{model}_{'change' if args else 'changelist'}", args=args)


def _said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_signing_in_is_the_consoles_own(client, db):
    response = client.get("/admin/", follow=True)
    assert unquote(response.redirect_chain[-1][0]) == reverse("account_login") + "?next=/admin/"


def test_an_admin_of_a_workspace_is_no_staff(client_for, acme, alice):
    assert client_for(alice).get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize("page", ["login", "password_change"])
def test_the_admin_has_no_password_form(client_for, sam, page):
    response = client_for(sam).get(reverse(f"admin:{page}"))
    assert response.status_code == 302
    assert response.url in {"/admin/", reverse("account_change_password")}


@pytest.mark.parametrize(
    "model", ["members_workspace", "members_membership", "invitations_invitation", "billing_seats_subscription"]
)
def test_anything_is_found_by_address(client_for, sam, invitation, globex, model):
    response = client_for(sam).get(_page(model), {"q": ZOE})
    [row] = response.context["cl"].result_list
    assert getattr(row, "workspace", row) == invitation.workspace


@pytest.mark.parametrize("who", ["sam", "vera", "root"])
def test_every_page_opens(request, client_for, who, invitation):
    client = client_for(request.getfixturevalue(who))
    acme = invitation.workspace
    rows = {
        "members_workspace": acme,
        "members_membership": invitation.membership,
        "members_user": acme.memberships.get(email="bob@acme.example").user,
        "members_auditevent": AuditEvent.objects.first(),
        "billing_seats_product": Product.objects.first(),
        "billing_seats_subscription": acme.subscription,
        "billing_seats_seatpool": acme.seat_pools.first(),
        "invitations_invitation": invitation,
    }
    for model, row in rows.items():
        assert client.get(_page(model)).status_code == 200
        assert client.get(_page(model, row.pk)).status_code == 200
        assert client.get(_page(model), {"workspace__id__exact": acme.pk}).status_code in {200, 302}


def test_an_invitation_tells_its_whole_story(client_for, sam, invitation):
    page = client_for(sam).get(_page("invitations_invitation", invitation.pk)).content.decode()
    assert "invitation.created" in page
    assert "Alice Martin" in page
    assert "Queued" in page


@pytest.mark.parametrize("who", ["sam", "root"])
@pytest.mark.parametrize("model", ["members_workspace", "members_membership", "members_user", "invitations_invitation"])
def test_rows_are_read_only_even_for_a_superuser(request, client_for, who, invitation, model):
    client = client_for(request.getfixturevalue(who))
    row = {
        "members_workspace": invitation.workspace,
        "members_user": invitation.workspace.memberships.first().user,
    }.get(model, invitation if "invitation" in model else invitation.membership)
    page = _page(model, row.pk)
    assert client.post(page, {"name": "Changed", "email": "changed@x.example"}).status_code == 403
    assert client.post(reverse(f"admin:{model}_add"), {"name": "New"}).status_code == 403
    assert client.post(reverse(f"admin:{model}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    client.post(_page(model), {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"})
    assert type(row).objects.filter(pk=row.pk).exists()


def _resend(client, invitation, **data):
    return client.post(reverse("admin:invitations_invitation_resend", args=[invitation.pk]), data, follow=True)


def _revoke_in_list(client, invitation, **data):
    chosen = {"action": "revoke_selected", "_selected_action": [str(invitation.pk)]}
    return client.post(_page("invitations_invitation"), {**chosen, **data}, follow=True)


def test_staff_resend_under_their_own_name(client_for, sam, invitation):
    response = _resend(client_for(sam), invitation, reason=REASON)
    assert _said(response) == ["Resend invite: 1 done."]
    invitation.refresh_from_db()
    assert invitation.generation == 2
    event = AuditEvent.objects.filter(action="invitation.resent").get()
    assert (event.actor_type, event.actor_label, event.reason) == ("staff", "Sam Support", REASON)


def test_staff_revoke_from_the_list(client_for, sam, invitation):
    _revoke_in_list(client_for(sam), invitation, reason=REASON)
    invitation.refresh_from_db()
    assert invitation.status == InvitationStatus.REVOKED
    assert not Membership.objects.filter(email=ZOE).exists()
    assert AuditEvent.objects.filter(action="invitation.revoked", actor_id=sam.pk, reason=REASON).exists()


@pytest.mark.parametrize("act", [_resend, _revoke_in_list])
@pytest.mark.parametrize("data", [{}, {"reason": "  "}], ids=["no reason", "blank reason"])
def test_nothing_is_done_without_a_reason(client_for, sam, invitation, act, data):
    response = act(client_for(sam), invitation, **data)
    assert "Reason" in response.content.decode()
    invitation.refresh_from_db()
    assert (invitation.status, invitation.generation) == (InvitationStatus.PENDING, 1)


def test_opening_an_action_changes_nothing(client_for, sam, invitation):
    client_for(sam).get(reverse("admin:invitations_invitation_revoke", args=[invitation.pk]), {"reason": REASON})
    invitation.refresh_from_db()
    assert invitation.status == InvitationStatus.PENDING


def test_a_refusal_is_said(client_for, sam, invitation):
    client = client_for(sam)
    _revoke_in_list(client, invitation, reason=REASON)
    [said] = _said(_resend(client, invitation, reason=REASON))
    assert said == f"{ZOE}: This invitation is no longer open."


@pytest.mark.parametrize(("who", "expected"), [("sam", "enterprise"), ("vera", "team")])
def test_the_plan_is_changed_by_those_who_may(request, client_for, acme, who, expected):
    client = client_for(request.getfixturevalue(who))
    response = client.post(
        _page("billing_seats_subscription", acme.subscription.pk), {"plan": "enterprise", "reason": REASON}
    )
    assert response.status_code == (302 if expected == "enterprise" else 403)
    assert Subscription.objects.get(workspace=acme).plan == expected


def test_the_plan_is_not_changed_without_a_reason(client_for, sam, acme):
    client_for(sam).post(_page("billing_seats_subscription", acme.subscription.pk), {"plan": "free", "reason": ""})
    assert Subscription.objects.get(workspace=acme).plan == "team"


@pytest.mark.parametrize(("who", "expected"), [("sam", 7), ("vera", 10)])
def test_quantities_are_changed_by_those_who_may(request, client_for, acme, who, expected):
    pool = acme.seat_pools.get(product__slug="le-chat-team")
    page = _page("billing_seats_seatpool", pool.pk)
    client_for(request.getfixturevalue(who)).post(page, {"purchased": 7, "reason": REASON})
    pool.refresh_from_db()
    assert pool.purchased == expected


def test_fewer_seats_than_are_in_use_is_refused_in_words(client_for, sam, acme):
    pool = acme.seat_pools.get(product__slug="le-chat-team")
    page = _page("billing_seats_seatpool", pool.pk)
    [said] = _said(client_for(sam).post(page, {"purchased": 0, "reason": REASON}, follow=True))
    assert "More seats are in use" in said
    pool.refresh_from_db()
    assert pool.purchased == 10


def test_a_first_seat_of_a_product_can_be_sold(client_for, sam, solo):
    product = Product.objects.get(slug="mistral-code")
    values = {"workspace": solo.pk, "product": product.pk, "purchased": 2, "reason": REASON}
    client_for(sam).post(reverse("admin:billing_seats_seatpool_add"), values)
    assert SeatPool.objects.get(workspace=solo, product=product).purchased == 2


@pytest.mark.parametrize(("who", "status"), [("sam", 302), ("vera", 403)])
def test_the_catalogue_grows_by_those_who_may(request, client_for, acme, who, status):
    client = client_for(request.getfixturevalue(who))
    values = {"name": "Studio", "slug": "studio", "description": "", "url": ""}
    assert client.post(reverse("admin:billing_seats_product_add"), values).status_code == status
    assert Product.objects.filter(slug="studio").exists() == (status == 302)


def test_a_product_is_never_deleted(client_for, root, acme):
    product = Product.objects.first()
    response = client_for(root).post(reverse("admin:billing_seats_product_delete", args=[product.pk]), {"post": "yes"})
    assert response.status_code == 403


@pytest.mark.parametrize("act", [_resend, _revoke_in_list])
def test_view_only_staff_do_nothing_by_any_route(client_for, vera, invitation, act):
    act(client_for(vera), invitation, reason=REASON)
    invitation.refresh_from_db()
    assert (invitation.status, invitation.generation) == (InvitationStatus.PENDING, 1)


def test_rights_are_read_at_every_request(client_for, sam, invitation):
    client = client_for(sam)
    make_staff(sam, "Support, view only")
    assert _resend(client, invitation, reason=REASON).status_code == 403
