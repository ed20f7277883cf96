"""What support staff may ask of the lists: what the filters offer, and nothing that would give a secret away."""

import pytest
from django.urls import reverse

from billing_seats.models import SeatPool
from tests.workspace_admin.support.pages import REASON, page

SECRETS = {
    "members_user": (
        "password__startswith=argon2",
        "sessions__session_key__startswith=a",
        "sessions=a",
        "groups__id=1",
        "emailaddress__id=1",
        "is_superuser__exact=1",
    ),
    "members_membership": ("user__password__startswith=a", "user=1", "email__startswith=a"),
    "members_workspace": ("memberships__id__startswith=0",),
    "invitations_invitation": ("last_sender_id__startswith=0", "note__contains=a"),
    "billing_seats_productkey": ("digest__startswith=a", "id__startswith=0"),
    "members_auditevent": ("changes__contains=a",),
}


@pytest.mark.parametrize("who", ["sam", "vera", "root"])
@pytest.mark.parametrize(("model", "query"), [(model, query) for model, many in SECRETS.items() for query in many])
def test_no_list_answers_what_its_filters_do_not_offer(who, model, query, request, client_for):
    answer = client_for(request.getfixturevalue(who)).get(f"{page(model)}?{query}")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("model", "query"),
    [
        ("members_membership", "status__exact=active"),
        ("members_membership", "role__exact=admin&q=alice"),
        ("members_auditevent", "actor_type__exact=staff"),
        ("invitations_invitation", "status__exact=pending&o=-1&p=1"),
        ("billing_seats_product", "retired__exact=1"),
        ("billing_seats_subscription", "plan__exact=team"),
    ],
)
def test_the_filters_work(model, query, client_for, vera, acme):
    assert client_for(vera).get(f"{page(model)}?{query}").status_code == 200


@pytest.mark.parametrize(
    "model",
    ["members_membership", "invitations_invitation", "billing_seats_subscription", "billing_seats_seatpool"],
)
def test_a_workspaces_page_links_to_its_lists(model, client_for, vera, acme):
    client = client_for(vera)
    link = f"{page(model)}?workspace__id__exact={acme.pk}"
    assert link.encode() in client.get(page("members_workspace", acme.pk)).content
    assert client.get(link).status_code == 200


def test_a_product_narrows_the_seats_down(client_for, vera, acme):
    product = SeatPool.objects.filter(workspace=acme).first().product
    assert client_for(vera).get(f"{page('billing_seats_seatpool')}?product__id__exact={product.pk}").status_code == 200


@pytest.mark.parametrize("wrong", ["1", "x" * 5000, "\u202e", ""])
def test_a_workspace_that_is_none_is_said_beside_the_field(wrong, client_for, sam, acme):
    values = {"workspace": wrong, "product": wrong, "purchased": 1, "reason": REASON}
    answer = client_for(sam).post(reverse("admin:billing_seats_seatpool_add"), values)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors.keys() == {"workspace", "product"}
