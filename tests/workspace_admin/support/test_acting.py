"""The little that support staff change goes through the services, with a reason, under their own name."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from billing_seats.models import Product, SeatPool, Subscription
from invitations.models import Invitation, InvitationStatus
from members.models import AuditEvent, Membership
from tests.workspace_admin.support.pages import REASON, SAM, ZOE, page, said
from workspace_admin.support.staff import make_staff

PAST = Now() - timedelta(minutes=1)
STUDIO = {
    "name": "Studio",
    "slug": "studio",
    "description": "",
    "url": "",
    "entitlement_max_age": "60",
    "reason": REASON,
}


def _resend(client, invitation, **data):
    return client.post(reverse("admin:invitations_invitation_resend", args=[invitation.pk]), data, follow=True)


def _revoke_in_list(client, invitation, **data):
    chosen = {"action": "revoke_selected", "_selected_action": [str(invitation.pk)]}
    return client.post(page("invitations_invitation"), {**chosen, **data}, follow=True)


def test_staff_resend_under_their_own_name(client_for, sam, invitation):
    response = _resend(client_for(sam), invitation, reason=REASON)
    assert said(response) == ["Resend invite: 1 done."]
    invitation.refresh_from_db()
    assert invitation.generation == 2
    event = AuditEvent.objects.filter(action="invitation.resent").get()
    assert (event.actor_type, event.actor_label, event.reason) == ("staff", SAM, REASON)


def test_staff_revoke_from_the_list(client_for, sam, invitation):
    _revoke_in_list(client_for(sam), invitation, reason=REASON)
    invitation.refresh_from_db()
    assert invitation.status == InvitationStatus.REVOKED
    assert not Membership.objects.filter(email=ZOE).exists()
    assert AuditEvent.objects.filter(action="invitation.revoked", actor_id=sam.pk, reason=REASON).exists()


@pytest.mark.parametrize("who", ["sam", "vera"])
def test_staff_extend_a_live_offer(request, client_for, who, invitation):
    url = reverse("admin:invitations_invitation_extend", args=[invitation.pk])
    client = client_for(request.getfixturevalue(who))
    before = invitation.expires_at
    assert "Days from now" in client_for(request.getfixturevalue("sam")).get(url).content.decode()
    for days, reason in (("30", ""), ("31", REASON), ("", REASON), ("30", REASON)):
        client.post(url, {"days": days, "reason": reason})
    invitation.refresh_from_db()
    assert (invitation.expires_at - before > timedelta(days=22)) is (who == "sam")
    events = AuditEvent.objects.filter(action="invitation.extended", actor_label=SAM, reason=REASON)
    assert events.count() == (who == "sam")


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


ALL = ["resend", "revoke", "extend"]
OVER = "This invitation is no longer open."
CASES = {
    "open": ({}, {}, ALL, ""),
    "expired": ({"expires_at": PAST}, {}, ["resend", "revoke"], "This invitation has expired. Resend it instead."),
    "revoked": ({"status": "revoked"}, {}, [], OVER),
    "accepted": ({"status": "accepted"}, {}, [], OVER),
    "declined": ({"status": "declined"}, {}, [], OVER),
    "bounced": ({}, {"outcome": "bounced"}, ["revoke", "extend"], "An earlier email to this address came back."),
}


@pytest.mark.parametrize("case", CASES)
def test_only_what_can_be_done_is_offered_and_the_rest_is_refused_in_words(client_for, sam, invitation, case):
    changes, mail, offered, words = CASES[case]
    Invitation.objects.filter(pk=invitation.pk).update(**changes)
    Membership.objects.filter(pk=invitation.membership_id).update(
        **{name: value for name, value in changes.items() if name == "expires_at"}
    )
    invitation.deliveries.update(**mail)
    client = client_for(sam)
    opened = client.get(page("invitations_invitation", invitation.pk))
    assert [one["path"].split("/")[-2] for one in opened.context["actions_detail"]] == offered
    for name in set(ALL) - set(offered):
        url = reverse(f"admin:invitations_invitation_{name}", args=[invitation.pk])
        for answer in (client.get(url, follow=True), client.post(url, {"reason": REASON, "days": 3}, follow=True)):
            [told] = said(answer)
            assert told.startswith(f"{ZOE}: {words}")
    before = invitation.generation, invitation.status
    invitation.refresh_from_db()
    assert (invitation.generation, invitation.status) == (before[0], changes.get("status", before[1]))


def test_a_list_says_which_of_the_chosen_cannot_be_done(client_for, sam, invitation):
    Invitation.objects.filter(pk=invitation.pk).update(status="declined")
    client = client_for(sam)
    asked = client.post(
        page("invitations_invitation"), {"action": "resend_selected", "_selected_action": invitation.pk}
    )
    assert OVER in asked.content.decode()
    [told] = said(_revoke_in_list(client, invitation, reason=REASON))
    assert told == f"{ZOE}: {OVER}"


@pytest.mark.parametrize(("who", "expected"), [("sam", "enterprise"), ("vera", "team")])
def test_the_plan_is_changed_by_those_who_may(request, client_for, acme, who, expected):
    client = client_for(request.getfixturevalue(who))
    response = client.post(
        page("billing_seats_subscription", acme.subscription.pk), {"plan": "enterprise", "reason": REASON}
    )
    assert response.status_code == (302 if expected == "enterprise" else 403)
    assert Subscription.objects.get(workspace=acme).plan == expected


def test_the_plan_is_not_changed_without_a_reason(client_for, sam, acme):
    client_for(sam).post(page("billing_seats_subscription", acme.subscription.pk), {"plan": "free", "reason": ""})
    assert Subscription.objects.get(workspace=acme).plan == "team"


@pytest.mark.parametrize(("who", "expected"), [("sam", 7), ("vera", 10)])
def test_quantities_are_changed_by_those_who_may(request, client_for, acme, who, expected):
    pool = acme.seat_pools.get(product__slug="le-chat-team")
    url = page("billing_seats_seatpool", pool.pk)
    client_for(request.getfixturevalue(who)).post(url, {"purchased": 7, "reason": REASON})
    pool.refresh_from_db()
    assert pool.purchased == expected


def test_a_first_seat_of_a_product_can_be_sold(client_for, sam, solo):
    product = Product.objects.get(slug="mistral-code")
    values = {"workspace": solo.pk, "product": product.pk, "purchased": 2, "reason": REASON}
    client_for(sam).post(reverse("admin:billing_seats_seatpool_add"), values)
    assert SeatPool.objects.get(workspace=solo, product=product).purchased == 2


@pytest.mark.parametrize(("who", "status"), [("sam", 302), ("vera", 403)])
def test_the_catalogue_grows_by_those_who_may(request, client_for, acme, who, status):
    client, add = client_for(request.getfixturevalue(who)), reverse("admin:billing_seats_product_add")
    client.post(add, {**STUDIO, "reason": " "})
    assert not Product.objects.filter(slug="studio").exists()
    assert client.post(add, STUDIO).status_code == status
    assert Product.objects.filter(slug="studio").exists() == (status == 302)
    assert AuditEvent.objects.filter(action="product.added", reason=REASON).exists() == (status == 302)


@pytest.mark.parametrize("who", ["sam", "vera"])
def test_a_product_is_retired_for_a_reason_under_the_name_of_who_does_it(request, client_for, acme, who):
    client, product = client_for(request.getfixturevalue(who)), Product.objects.get(slug="mistral-code")
    url, values = page("billing_seats_product", product.pk), {**STUDIO, "name": product.name, "retired": "on"}
    client.post(url, {**values, "reason": ""})
    assert not AuditEvent.objects.filter(action="product.changed").exists()
    for _ in range(2):
        client.post(url, {**values, "slug": "other"})
    product.refresh_from_db()
    assert (product.retired, product.slug) == (who == "sam", "mistral-code")
    events = AuditEvent.objects.filter(action="product.changed").values_list(
        "actor_label", "reason", "changes__retired"
    )
    assert list(events) == ([(SAM, REASON, [False, True])] if who == "sam" else [])


def test_a_first_seat_of_what_is_sold_no_more_is_not_offered(client_for, sam, solo):
    product = Product.objects.get(slug="mistral-code")
    Product.objects.filter(pk=product.pk).update(retired=True)
    client, url = client_for(sam), reverse("admin:billing_seats_seatpool_add")
    assert "Mistral Code" not in client.get(url).content.decode()
    client.post(url, {"workspace": solo.pk, "product": product.pk, "purchased": 2, "reason": REASON})
    assert not SeatPool.objects.filter(workspace=solo).exists()


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
