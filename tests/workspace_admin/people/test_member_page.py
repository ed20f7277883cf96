"""One person whole: a drawer for htmx, a page of its own without."""

import uuid
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats.lifecycle.services import deactivate, reactivate, set_end
from invitations.models import Delivery, Invitation
from members.clock import database_now
from members.models import AuditEvent, Membership
from workspace_admin.demo import cast

DRAWER = {"HX-Target": "div#drawer"}
COST = 10
"""Statements: three to know who asks, seven for what is shown."""


def path(member):
    return f"/w/acme/members/{member.id}/"


@pytest.fixture
def bob_row(member):
    return member("bob@acme.example")


@pytest.fixture
def ada(ask_to_join, member):
    """Invited with a seat of Mistral Code."""
    ask_to_join("ada@new.example", products=[cast.CODE])
    return member("ada@new.example")


def told(response):
    return response.content.decode().replace("\xa0", " ").replace("&#x27;", "'")


def test_it_shows_who_they_are_and_why_they_may_open_what(plain, bob_row):
    shown = told(plain.get(path(bob_row)))
    for words in (
        "Bob Keller",
        "bob@acme.example",
        "Bob Keller can open le Chat Team.",
        "Bob Keller has no Mistral Code seat (3 of 3 available).",
        "Has a seat",
        "No end date",
        "accepted the invitation and joined as Member",
        "invited bob@acme.example as Member (seats: le Chat Team)",
    ):
        assert words in shown


def test_every_row_leads_to_it_and_the_drawer_is_the_part_of_it(htmx, plain, bob_row):
    assert f'href="{path(bob_row)}"' in told(plain.get("/w/acme/members/"))
    drawer = htmx.get(path(bob_row), headers=DRAWER)
    assert "HX-Request" in drawer["Vary"]
    assert "<html" not in told(drawer)
    assert "people:changed" in told(drawer)
    assert "people:changed" not in told(plain.get(path(bob_row)))


def test_what_can_be_done_is_offered_by_where_they_stand(plain, as_alice, bob_row, ada, member):
    def offers(row):
        links = ["deactivation", "reactivation", "end", "removal", "resend", "revocation", "departure"]
        shown = told(plain.get(path(row)))
        return {link for link in links if f"/{link}/" in shown and f"/{link}/" not in told(plain.get("/w/acme/"))}

    assert offers(bob_row) == {"deactivation", "end", "removal"}
    assert offers(ada) == {"resend", "revocation"}
    assert offers(member("alice@acme.example")) == {"end"}
    deactivate(as_alice, bob_row.id)
    assert offers(bob_row) == {"reactivation", "removal"}


def test_a_seat_that_is_left_to_nobody_can_be_taken_from_someone(plain, acme, member, bob_row):
    carol = member("carol@acme.example")
    assert "/takeover/" not in told(plain.get(path(carol)))
    acme.seat_pools.filter(product__slug=cast.CHAT).update(purchased=1)
    assert f"{carol.id}/seats/le-chat-team/takeover/" in told(plain.get(path(carol)))
    assert f"{bob_row.id}/transfer/?product=le-chat-team" in told(plain.get(path(bob_row)))


def test_billing_reads_and_changes_nothing(carol, acme, client_for, bob_row):
    shown = told(client_for(carol).get(path(bob_row)))
    assert "Bob Keller can open le Chat Team." in shown
    assert "only Admins can invite" in shown
    for link in ("/role/", "/seats/", "/removal/", "/deactivation/"):
        assert link not in shown


def test_only_admins_read_somebodys_emails_and_history(carol, plain, acme, client_for, ada):
    for client, allowed in ((plain, True), (client_for(carol), False)):
        response = client.get(path(ada))
        assert ("history" in response.context, "mails" in response.context) == (allowed, allowed)
        for words in ("Emails sent", "History", "invited ada@new.example as Member"):
            assert (words in told(response)) is allowed


def test_members_see_nobody(bob, client_for, bob_row):
    response = client_for(bob).get(path(bob_row))
    assert (response.status_code, b"Billing" in response.content) == (403, True)


def test_strangers_look_nonexistent(plain, htmx, globex, dana, acme):
    foreign = globex.memberships.get(user=dana)
    assert plain.get(path(foreign)).status_code == 404
    response = htmx.get(f"/w/acme/members/{uuid.uuid4()}/", headers=DRAWER)
    assert (response.status_code, response["HX-Reswap"]) == (404, "none")
    assert "This person is no longer in the workspace." in told(response)


def test_the_drawer_of_somebody_who_was_just_removed_is_emptied_and_so_closes(htmx, as_alice, bob_row):
    link = path(bob_row) + "?refresh"
    assert "Bob Keller" in told(htmx.get(link, headers=DRAWER))
    Membership.objects.filter(id=bob_row.id).delete()
    response = htmx.get(link, headers=DRAWER)
    assert (response.status_code, response.content) == (200, b"")


def test_an_invitee_shows_who_asked_until_when_and_the_emails(plain, ada):
    Delivery.objects.update(state="sent", sent_at=Now() - timedelta(days=2), outcome="bounced", outcome_at=Now())
    shown = told(plain.get(path(ada)))
    for words in ("by Alice Martin", "Expires in 7 days", "Bounced", "the invitation hasn’t been accepted yet"):
        assert words in shown


def test_an_offer_says_when_the_plan_does_not_let_it_be_accepted(plain, acme, ada):
    words = "Can't be accepted until the plan allows it"
    assert words not in told(plain.get(path(ada))) + told(plain.get("/w/acme/members/"))
    acme.subscription.plan = "free"
    acme.subscription.save()
    assert words in told(plain.get(path(ada)))
    assert words in told(plain.get("/w/acme/members/"))
    Membership.objects.filter(id=ada.id).update(expires_at=Now() - timedelta(days=1))
    assert words not in told(plain.get("/w/acme/members/"))


def test_the_history_tells_in_words_what_was_done_newest_first(plain, htmx, as_alice, bob_row):
    htmx.post(path(bob_row) + "role/", {"role": "billing"})
    deactivate(as_alice, bob_row.id)
    reactivate(as_alice, bob_row.id, [cast.CODE])
    set_end(as_alice, bob_row.id, database_now().replace(year=2099, month=3, day=1))
    set_end(as_alice, bob_row.id, None)
    history = plain.get(path(bob_row)).context["history"]
    assert [one.text for one in history][:5] == [
        "Alice Martin <alice@acme.example> removed the end date of bob@acme.example",
        "Alice Martin <alice@acme.example> set an end date for bob@acme.example: March 1, 2099",
        "Alice Martin <alice@acme.example> reactivated bob@acme.example (seats: Mistral Code)",
        "Alice Martin <alice@acme.example> deactivated bob@acme.example (seats freed: le Chat Team)",
        "Alice Martin <alice@acme.example> changed the role of bob@acme.example from Member to Billing",
    ]


def test_the_history_is_that_of_the_one_person_and_bounded(plain, as_alice, acme, bob_row, globex):
    for number in range(30):
        set_end(as_alice, bob_row.id, database_now() + timedelta(days=number + 1))
    AuditEvent.objects.create(
        workspace_id=globex.id, action="member.left", actor_type="user", target_type="membership", target_id=bob_row.id
    )
    history = plain.get(path(bob_row)).context["history"]
    assert len(history) == 20
    assert {one.action for one in history} == {"member.end_changed"}


@pytest.mark.parametrize("who", ["bob", "ada"])
def test_it_costs_the_same_however_much_there_is_to_tell(who, plain, request, ask_to_join, django_assert_num_queries):
    row = request.getfixturevalue("ada" if who == "ada" else "bob_row")
    plain.get(path(row))
    with django_assert_num_queries(COST):
        plain.get(path(row))
    ask_to_join(" ".join(f"p{n}@new.example" for n in range(30)), products=[cast.CHAT])
    Invitation.objects.update(sent_at="2026-01-01T00:00:00Z")
    if who == "ada":
        plain.post(f"/w/acme/invitations/{Invitation.objects.get(email=row.email).id}/resend/")
    with django_assert_num_queries(COST):
        plain.get(path(row))
