"""Support staff find anything in Django admin, and no row there can be edited past the services."""

from urllib.parse import unquote

import pytest
from django.urls import reverse

from billing_seats.models import Product
from members.models import AuditEvent, User
from tests.workspace_admin.support.pages import ZOE, page


def test_signing_in_is_the_consoles_own(client, db):
    response = client.get("/admin/", follow=True)
    assert unquote(response.redirect_chain[-1][0]) == reverse("account_login") + "?next=/admin/"


def test_an_admin_of_a_workspace_is_no_staff(client_for, acme, alice):
    assert client_for(alice).get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize("name", ["login", "password_change"])
def test_the_admin_has_no_password_form(client_for, sam, name):
    response = client_for(sam).get(reverse(f"admin:{name}"))
    assert response.status_code == 302
    assert response.url in {"/admin/", reverse("account_change_password")}


@pytest.mark.parametrize(
    "model", ["members_workspace", "members_membership", "invitations_invitation", "billing_seats_subscription"]
)
def test_anything_is_found_by_address(client_for, sam, invitation, globex, model):
    response = client_for(sam).get(page(model), {"q": ZOE})
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
        assert client.get(page(model)).status_code == 200
        assert client.get(page(model, row.pk)).status_code == 200
        assert client.get(page(model), {"workspace__id__exact": acme.pk}).status_code in {200, 302, 400}


def test_an_invitation_tells_its_whole_story(client_for, sam, invitation):
    html = client_for(sam).get(page("invitations_invitation", invitation.pk)).content.decode()
    assert "invitation.created" not in html
    assert "Invited" in html
    assert "Alice Martin" in html
    assert "Queued" in html


@pytest.mark.parametrize("who", ["sam", "root"])
@pytest.mark.parametrize("model", ["members_workspace", "members_membership", "members_user", "invitations_invitation"])
def test_rows_are_read_only_even_for_a_superuser(request, client_for, who, invitation, model):
    client = client_for(request.getfixturevalue(who))
    row = {
        "members_workspace": invitation.workspace,
        "members_user": invitation.workspace.memberships.first().user,
    }.get(model, invitation if "invitation" in model else invitation.membership)
    url = page(model, row.pk)
    assert client.post(url, {"name": "Changed", "email": "changed@x.example"}).status_code == 403
    assert client.post(reverse(f"admin:{model}_add"), {"name": "New"}).status_code == 403
    assert client.post(reverse(f"admin:{model}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    client.post(page(model), {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"})
    assert type(row).objects.filter(pk=row.pk).exists()


def test_only_the_admins_pages_have_the_looser_policy(client_for, sam):
    client = client_for(sam)
    assert "'unsafe-eval'" in client.get("/admin/")["Content-Security-Policy"]
    assert "unsafe" not in client.get(reverse("roles-guide"))["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "invitations/invitation/nonsense/change/",
        "invitations/invitation/nonsense/resend/",
        "members/membership/?workspace__id__exact=nonsense",
        "members/membership/?no_such_field=1",
        "members/auditevent/?q=%25%27%22",
        "members/nothing/",
    ],
)
def test_nonsense_in_an_address_is_no_failure(client_for, sam, acme, path):
    assert client_for(sam).get(f"/admin/{path}").status_code in {200, 302, 400, 404}


@pytest.mark.parametrize("action", ["revoke_selected", "delete_selected", "nonsense"])
def test_nonsense_in_an_action_is_no_failure(client_for, sam, acme, action):
    values = {"action": action, "_selected_action": ["nonsense"], "reason": "x"}
    assert client_for(sam).post(page("invitations_invitation"), values).status_code in {200, 302, 400, 404}


@pytest.mark.parametrize(
    ("words", "found"), [("acme bob", ["bob@acme.example"]), ("globex bob", []), ("bob", ["bob@acme.example"])]
)
def test_a_member_is_found_by_name_in_a_workspace(client_for, vera, acme, globex, words, found):
    rows = client_for(vera).get(page("members_membership"), {"q": words}).context["cl"].result_list
    assert [row.email for row in rows] == found


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("support@example.com", "support account"),
        ("alice@acme.example", "No other active Admin"),
        ("bob@acme.example", None),
    ],
)
def test_erasure_is_offered_where_it_can_be_done(client_for, sam, acme, address, why):
    person = User.objects.get(email=address)
    html = client_for(sam).get(page("members_user", person.pk)).content.decode()
    assert (reverse("admin:members_user_erase", args=[person.pk]) in html) is (why is None)
    assert (why or "Erase person") in html
