"""Controls in place and row menus: a refusal stands beside a row that shows what is true."""

import uuid

import pytest

from invitations.models import Invitation


@pytest.fixture
def ada(ask_to_join):
    """A pending invitation with a le Chat Team seat."""
    ask_to_join("ada@new.example", products=["le-chat-team"])
    return Invitation.objects.get(email="ada@new.example")


def test_a_role_changes_in_place(htmx, member):
    response = htmx.post(f"/w/acme/members/{member('bob@acme.example').id}/role/", {"role": "billing"})
    assert response.status_code == 200
    assert "Bob Keller is now Billing." in response.content.decode()
    assert member("bob@acme.example").role == "billing"


def test_the_last_admin_keeps_the_role_and_is_told_why(htmx, member):
    response = htmx.post(f"/w/acme/members/{member('alice@acme.example').id}/role/", {"role": "member"})
    assert response.status_code == 409
    [row] = [row for row in response.context["rows"] if row.refused]
    assert (row.email, row.role) == ("alice@acme.example", "admin")
    assert "only active Admin" in row.refused


@pytest.mark.parametrize("role", ["", "owner", "\0"])
def test_an_unknown_role_changes_nothing(htmx, member, role):
    response = htmx.post(f"/w/acme/members/{member('bob@acme.example').id}/role/", {"role": role})
    assert response.status_code == 400
    assert member("bob@acme.example").role == "member"


def test_seats_are_given_and_taken_in_place(htmx, member, acme, seats_of):
    link = f"/w/acme/members/{member('bob@acme.example').id}/seats/mistral-code/"
    assert "2 of 3 left" in htmx.post(link, {"value": "on"}).content.decode()
    assert seats_of(acme, "mistral-code").in_use == 1
    assert "3 of 3 left" in htmx.post(link).content.decode()
    assert seats_of(acme, "mistral-code").in_use == 0


def test_without_javascript_a_refusal_is_told_on_the_page(plain, member, acme):
    acme.seat_pools.filter(product__slug="mistral-code").update(purchased=0)
    link = f"/w/acme/members/{member('bob@acme.example').id}/seats/mistral-code/"
    response = plain.post(link, {"value": "on"}, follow=True)
    assert response.redirect_chain
    assert b"No Mistral Code seat is available" in response.content


def test_resending_at_once_is_refused_with_the_time_to_wait(htmx, ada):
    response = htmx.post(f"/w/acme/invitations/{ada.id}/resend/")
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 60
    Invitation.objects.update(sent_at="2026-01-01T00:00:00Z")
    assert htmx.post(f"/w/acme/invitations/{ada.id}/resend/").status_code == 200
    ada.refresh_from_db()
    assert ada.generation == 2


def test_a_resend_inside_the_dialog_leaves_the_other_answers(htmx, ada):
    Invitation.objects.update(sent_at="2026-01-01T00:00:00Z")
    response = htmx.post(f"/w/acme/invitations/{ada.id}/resend/", headers={"HX-Target": "span#refusal-1"})
    assert b"sent again" in response.content
    assert b'id="dialog"' not in response.content


def test_revoking_asks_first_and_names_the_seats(htmx, ada, acme, seats_of):
    asked = htmx.get(f"/w/acme/invitations/{ada.id}/revocation/").content.decode()
    assert "ada@new.example" in asked
    assert "le Chat Team" in asked
    assert seats_of(acme).held == 1
    response = htmx.post(f"/w/acme/invitations/{ada.id}/revocation/")
    assert "ada@new.example" not in [row.email for row in response.context["rows"]]
    assert seats_of(acme).held == 0
    assert htmx.post(f"/w/acme/invitations/{ada.id}/revocation/").status_code == 409


def test_removing_asks_first_and_names_the_seats(plain, member, acme):
    bob = member("bob@acme.example")
    asked = plain.get(f"/w/acme/members/{bob.id}/removal/").content.decode()
    assert "Remove Bob Keller?" in asked
    assert "le Chat Team" in asked
    assert acme.memberships.filter(id=bob.id).exists()
    plain.post(f"/w/acme/members/{bob.id}/removal/")
    assert not acme.memberships.filter(id=bob.id).exists()


def test_an_invitee_is_revoked_not_removed(plain, ada):
    assert plain.get(f"/w/acme/members/{ada.membership_id}/removal/").status_code == 409


def test_a_row_that_is_out_of_date_says_so_with_the_list_as_it_is(htmx, plain):
    response = htmx.post(f"/w/acme/members/{uuid.uuid4()}/role/", {"role": "member"})
    assert response.status_code == 404
    assert b"Alice Martin" in response.content
    assert b"This person is no longer in the workspace." in response.content
    asked = htmx.get(f"/w/acme/members/{uuid.uuid4()}/removal/", headers={"HX-Target": "dialog#dialog"})
    assert (asked.status_code, b"This person is no longer in the workspace." in asked.content) == (404, True)
    assert plain.post(f"/w/acme/members/{uuid.uuid4()}/role/", {"role": "member"}).status_code == 404


@pytest.fixture
def two_admins(acme):
    acme.memberships.filter(email="carol@acme.example").update(role="admin")


def test_an_admin_who_would_step_down_is_asked_first(htmx, plain, member, two_admins):
    link = f"/w/acme/members/{member('alice@acme.example').id}/role/"
    asked = htmx.post(link, {"role": "billing"})
    assert asked.status_code == 200
    assert (asked["HX-Retarget"], asked["HX-Reswap"]) == ("#dialog", "innerHTML")
    [shown] = [row for row in asked.context["rows"] if row.email == "alice@acme.example"]
    assert shown.role == "admin"
    page = plain.post(link, {"role": "billing"})
    for answer in (asked, page):
        assert b"Give up the Admin role?" in answer.content
        assert b'name="sure"' in answer.content
    assert member("alice@acme.example").role == "admin"


def test_an_admin_who_steps_down_is_led_to_the_home(htmx, plain, member, two_admins):
    link = f"/w/acme/members/{member('alice@acme.example').id}/role/"
    response = htmx.post(link, {"role": "member", "sure": "on"})
    assert response["HX-Redirect"] == "/w/acme/"
    assert member("alice@acme.example").role == "member"


def test_another_admin_steps_down_unasked(htmx, member, two_admins):
    htmx.post(f"/w/acme/members/{member('carol@acme.example').id}/role/", {"role": "billing"})
    assert member("carol@acme.example").role == "billing"


def test_the_list_after_an_action_is_the_part_that_was_looked_at(htmx, member):
    where = {"HX-Current-URL": "http://testserver/w/acme/members/?q=bob"}
    bob = member("bob@acme.example")
    response = htmx.post(f"/w/acme/members/{bob.id}/role/", {"role": "billing"}, headers=where)
    assert [row.email for row in response.context["rows"]] == ["bob@acme.example"]


def test_nothing_changes_on_get(plain, member):
    bob = member("bob@acme.example")
    assert plain.get(f"/w/acme/members/{bob.id}/role/").status_code == 405
    assert plain.get(f"/w/acme/members/{bob.id}/seats/le-chat-team/").status_code == 405
