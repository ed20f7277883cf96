"""The invite dialog: an answer for every address."""

import pytest

from billing_seats.lifecycle.services import deactivate
from invitations.models import Delivery, Invitation
from members.models import Membership


def test_an_invited_person_stands_in_the_list_at_once(ask_to_join, member):
    response = ask_to_join("ada@new.example", role="billing", products=["le-chat-team"])
    told = response.content.decode()
    assert response["HX-Retarget"] == "#people"
    assert "Invitation sent to ada@new.example." in told
    ada = member("ada@new.example")
    assert (ada.status, ada.role, ada.seats.count()) == ("invited", "billing", 1)


def test_without_javascript_the_page_leads_back_to_the_list(plain):
    assert b"<form" in plain.get("/w/acme/members/invite/").content
    response = plain.post("/w/acme/members/invite/", {"email": "ada@new.example", "role": "member"}, follow=True)
    assert response.redirect_chain == [("/w/acme/members/", 302)]
    assert b"Invitation sent to ada@new.example." in response.content


def test_what_can_be_sent_is_sent_and_the_rest_stays_in_the_field(ask_to_join, acme):
    ask_to_join("ines@new.example")
    response = ask_to_join("Ada@New.example; bob@acme.example, nonsense\nines@new.example Bcc:x@y.example")
    told = response.content.decode()
    kept = response.context["form"]["email"].value().split()
    assert kept == ["bob@acme.example", "nonsense", "ines@new.example", "Bcc:x@y.example"]
    assert "already a member" in told
    assert "not a valid email address" in told
    ines = Invitation.objects.get(email="ines@new.example")
    assert f"/w/acme/invitations/{ines.id}/resend/" in told
    assert set(Invitation.objects.values_list("email", flat=True)) >= {"ada@new.example", "ines@new.example"}
    assert acme.memberships.filter(email="ada@new.example").count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"email": ""}, "Enter an email address."),
        ({"email": "a@new.example", "role": "owner"}, "Select a valid choice"),
        ({"email": "a@new.example", "products": ["another-product"]}, "Select a valid choice"),
        ({"email": "a@new.example", "days": "31"}, "30"),
        ({"email": "a@new.example", "days": "soon"}, "whole number"),
        ({"email": "a@new.example", "note": "x" * 501}, "500"),
        ({"email": "a@new.example", "language": "xx"}, "Select a valid choice"),
        ({"email": "a@new.example\0"}, "Null characters"),
        ({"email": " ".join(f"a{n}@new.example" for n in range(1001))}, "at most 1000 addresses"),
    ],
)
def test_bad_input_is_told_beside_its_field_and_invites_nobody(ask_to_join, acme, fields, words):
    before = Invitation.objects.count()
    response = ask_to_join(**fields)
    assert response.status_code == 400
    assert words in response.content.decode()
    assert Invitation.objects.count() == before


def test_a_thousand_addresses_get_a_thousand_answers(ask_to_join, acme):
    response = ask_to_join("\n".join(f"a{n}@new.example" for n in range(1000)))
    assert response.status_code == 200
    assert "1000 invitations sent" in response.content.decode()


def test_the_last_seat_goes_to_one_and_the_other_is_told(ask_to_join, acme):
    acme.seat_pools.filter(product__slug="mistral-code").update(purchased=1)
    response = ask_to_join("ada@new.example ben@new.example", products=["mistral-code"])
    assert "No Mistral Code seat is available" in response.content.decode()
    assert response.context["form"]["email"].value() == "ben@new.example"


@pytest.mark.parametrize(
    ("pasted", "invited"),
    [
        ("Zoe Doe <zoe@new.example>", {"zoe@new.example": "Zoe Doe"}),
        (
            "\"Doe, Zoe\" <zoe@new.example>; 'Ben' <ben@new.example>",
            {"zoe@new.example": "Doe, Zoe", "ben@new.example": "Ben"},
        ),
        (
            "ada@new.example, Zoe Doe <Zoe@new.example>\nben@new.example",
            {"ada@new.example": "", "ben@new.example": "", "zoe@new.example": "Zoe Doe"},
        ),
        ("zoe@new.example <zoe@new.example>", {"zoe@new.example": ""}),
        ("<zoe@new.example>", {"zoe@new.example": ""}),
        ("ada@new.example Zoe Doe <zoe@new.example>", {"ada@new.example": "", "zoe@new.example": "Zoe Doe"}),
    ],
)
def test_names_beside_addresses_are_kept(ask_to_join, acme, pasted, invited):
    response = ask_to_join(pasted)
    assert response["HX-Retarget"] == "#people"
    assert dict(acme.memberships.filter(status="invited").values_list("email", "name")) == invited
    assert all(name in response.content.decode() for name in invited.values())


def test_what_cannot_be_sent_stays_in_the_field_with_its_name(ask_to_join, acme):
    long = "z" * 101
    response = ask_to_join(f'"Keller, Bob" <bob@acme.example>, {long} <zoe@new.example>, Ann <ann@new.example')
    kept = ['"Keller, Bob" <bob@acme.example>', f"{long} <zoe@new.example>", "Ann <ann@new.example"]
    assert response.context["form"]["email"].value().split("\n") == kept
    assert "Name: Use at most 100 characters." in response.content.decode()


def test_who_cannot_be_invited_is_told_while_addresses_are_typed(ask_to_join, htmx, as_alice, acme):
    ask_to_join("ada@new.example")
    path, typed = (
        "/w/acme/members/invite/addresses/",
        "Bob <BOB@acme.example>; ada@new.example, nonsense\nzoe@n.example",
    )
    told = htmx.post(path, {"email": typed + " \u0430da@n.example"}).json()
    assert told.pop("\u0430da@n.example").startswith("This email address contains look-alike characters.")
    assert told == {
        "BOB@acme.example": "Already a member",
        "ada@new.example": "Already invited",
        "nonsense": "This is not a valid email address.",
    }
    assert htmx.post(path, {"email": " ".join(f"a{n}@n.example" for n in range(1_001))}).status_code == 400


@pytest.mark.parametrize("pasted", ["Zoe <>", "<" * 5_000, "Zoe Doe"])
def test_half_a_name_and_address_is_no_address(ask_to_join, acme, pasted):
    response = ask_to_join(pasted)
    assert not acme.memberships.filter(status="invited").exists()
    assert "HX-Retarget" not in response


def test_what_was_sent_stands_apart_from_what_was_refused(ask_to_join, acme):
    told = ask_to_join("ada@new.example bob@acme.example").content.decode()
    sent, refused = told.index("Invitation sent to ada@new.example."), told.index('class="errors"')
    assert sent < refused
    assert "1 person wasn't invited" in told[refused:]
    assert "your attention" not in told
    assert "ada@new.example" not in told[refused : told.index("</ul>", refused)]
    assert "data-toast" not in told


def test_what_is_solved_beside_a_refusal_is_named_to_leave_the_field(ask_to_join, htmx, acme):
    ask_to_join("ada@new.example")
    Invitation.objects.update(sent_at="2026-01-01T00:00:00Z")
    link = f"/w/acme/invitations/{Invitation.objects.get(email='ada@new.example').id}/resend/"
    beside = {"HX-Target": "span#refusal-1"}
    assert 'data-solved="ada@new.example"' in htmx.post(link, headers=beside).content.decode()
    assert "data-solved" not in htmx.post(link, headers=beside).content.decode()


def test_a_bounced_address_is_refused(ask_to_join, htmx):
    ask_to_join("typo@new.example")
    invitation = Invitation.objects.get(email="typo@new.example")
    Delivery.objects.update(outcome="bounced")
    htmx.post(f"/w/acme/invitations/{invitation.id}/revocation/")
    assert "came back" in ask_to_join("typo@new.example").content.decode()


def test_free_is_refused_on_the_server_too(erin, solo, client_for):
    client = client_for(erin)
    assert client.get("/w/solo/members/invite/").status_code == 403
    response = client.post("/w/solo/members/invite/", {"email": "a@new.example", "role": "member"})
    assert response.status_code == 403
    assert "Team and Enterprise" in response.content.decode()


def test_a_name_with_markup_is_shown_as_text(ask_to_join, plain, alice, acme):
    acme.memberships.filter(user=alice).update(name="<b>Ali</b>")
    assert b"<b>Ali</b>" not in plain.get("/w/acme/members/").content


def test_whose_access_has_stopped_gets_their_way_back_beside_the_address(ask_to_join, htmx, as_alice, acme, member):
    deactivate(as_alice, member("bob@acme.example").id)
    Membership.objects.filter(email="carol@acme.example").update(expires_at="2026-01-01T00:00:00Z")
    told = ask_to_join("bob@acme.example carol@acme.example alice@acme.example").content.decode()
    bob, carol = member("bob@acme.example"), member("carol@acme.example")
    beside = {"HX-Target": "span#refusal-1"}
    for link, button in ((f"{bob.id}/reactivation/", "Reactivate"), (f"{carol.id}/end/", "Extend access")):
        assert f"/w/acme/members/{link}" in told
        asked = htmx.get(f"/w/acme/members/{link}", headers=beside).content.decode()
        assert button in asked
        assert "<form" not in asked
    response = htmx.post(
        f"/w/acme/members/{bob.id}/reactivation/", {f"{bob.id}-seats": ["le-chat-team"]}, headers=beside
    )
    assert "Bob Keller has access again, with a seat for: le Chat Team." in response.content.decode()
    assert 'id="dialog"' not in response.content.decode()
    response = htmx.post(f"/w/acme/members/{carol.id}/end/", {f"{carol.id}-ends_on": ""}, headers=beside)
    assert "The access of Carol Novak has no end." in response.content.decode()
    assert (member(bob.email).status, member(carol.email).expires_at) == ("active", None)


def test_what_is_refused_beside_an_address_is_told_there(ask_to_join, htmx, as_alice, acme, member):
    bob = deactivate(as_alice, member("bob@acme.example").id)
    acme.seat_pools.filter(product__slug="le-chat-team").update(purchased=0)
    sent = {f"{bob.id}-seats": ["le-chat-team"]}
    response = htmx.post(f"/w/acme/members/{bob.id}/reactivation/", sent, headers={"HX-Target": "span#refusal-1"})
    assert (response.status_code, "No le Chat Team seat is available." in response.content.decode()) == (409, True)
    assert f'name="{bob.id}-seats"' in response.content.decode()


def test_who_was_removed_is_invited_from_scratch(ask_to_join, htmx, member):
    htmx.post(f"/w/acme/members/{member('bob@acme.example').id}/removal/")
    ask_to_join("bob@acme.example")
    assert (member("bob@acme.example").status, member("bob@acme.example").seats.count()) == ("invited", 0)
