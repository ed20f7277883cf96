"""Invitation mails a day: exact whoever sends at once, and nothing is used up by what is refused."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from invitations.inviting import invite
from invitations.models import Delivery, Invitation, Kind, Outcome
from invitations.services import resend, revoke
from members.access import actor_for, system_actor
from members.errors import RateLimited, Undeliverable
from members.models import Membership, Role
from tests.racing import race, refused
from workspace_admin.demo import cast

DAY = 24 * 3600


def codes(answers) -> list[str]:
    return [answer.error.code if answer.error else "invited" for answer in answers]


def fresh_day():
    """Let all mails so far be of the day before."""
    Delivery.objects.update(created_at=F("created_at") - timedelta(days=1))


def again(actor, email="ada@example.com"):
    """Invite the address, and take it back."""
    [answer] = invite(actor, [email])
    if answer.error:
        raise answer.error
    revoke(actor, answer.invitation.id)


def waited(invitation):
    Invitation.objects.filter(id=invitation.id).update(sent_at=Now() - timedelta(minutes=2))


@pytest.fixture
def few(settings, acme, globex):
    """Limits that are soon reached, on a new day."""
    settings.MAILS_PER_ADDRESS, settings.MAILS_PER_INVITER, settings.MAILS_PER_WORKSPACE = 2, 4, 6
    fresh_day()


def test_the_limits_are_those_promised(settings):
    assert (settings.MAILS_PER_ADDRESS, settings.MAILS_PER_INVITER, settings.MAILS_PER_WORKSPACE) == (10, 2000, 5000)


def test_thirty_people_in_a_row_are_invited(as_alice):
    assert [codes(invite(as_alice, [f"p{n}@example.com"])) for n in range(30)] == [["invited"]] * 30


def test_an_address_gets_ten_a_day(as_alice):
    for _ in range(10):
        again(as_alice)
    with pytest.raises(RateLimited, match="10 invitation emails a day") as refusal:
        again(as_alice)
    assert DAY - 60 < refusal.value.extra["retry_after"] <= DAY
    again(as_alice, "ben@example.com")


def test_it_is_free_again_when_a_mail_is_a_day_old(few, as_alice):
    again(as_alice)
    Delivery.objects.filter(recipient="ada@example.com").update(created_at=Now() - timedelta(hours=22))
    again(as_alice)
    with pytest.raises(RateLimited, match="2 hours") as refusal:
        again(as_alice)
    assert 7000 < refusal.value.extra["retry_after"] <= 7200
    Delivery.objects.filter(recipient="ada@example.com").update(created_at=F("created_at") - timedelta(hours=2))
    again(as_alice)


def test_what_one_workspace_sent_to_an_address_is_nothing_to_another(few, as_alice, dana):
    again(as_alice)
    again(as_alice)
    again(actor_for(dana, "globex"))
    with pytest.raises(RateLimited):
        again(as_alice)


def test_a_person_has_their_limit_across_workspaces(few, alice, as_alice, dana, globex):
    globex.memberships.filter(user=alice).update(role=Role.ADMIN)
    in_globex = actor_for(alice, "globex")
    assert codes(invite(as_alice, ["a@example.com", "b@example.com"])) == ["invited"] * 2
    assert codes(invite(in_globex, [f"{n}@example.com" for n in "cde"])) == ["invited", "invited", "rate_limited"]
    assert codes(invite(actor_for(dana, "globex"), ["e@example.com"])) == ["invited"]


def test_a_workspace_has_its_limit_whoever_sends(few, as_alice, person):
    cast.join(as_alice, person("grace@acme.example"), Role.ADMIN)
    fresh_day()
    grace = actor_for(person("grace@acme.example"), "acme")
    assert codes(invite(as_alice, [f"a{n}@example.com" for n in range(4)])) == ["invited"] * 4
    answers = invite(grace, [f"b{n}@example.com" for n in range(3)])
    assert codes(answers) == ["invited", "invited", "rate_limited"]
    assert "This workspace has sent 6" in str(answers[2].error.message)


def test_the_console_itself_is_no_person(few, acme):
    assert codes(invite(system_actor(acme), [f"a{n}@example.com" for n in range(7)]))[4:] == [
        "invited",
        "invited",
        "rate_limited",
    ]


def test_in_bulk_each_address_has_its_own_answer(few, as_alice):
    again(as_alice, "full@example.com")
    again(as_alice, "full@example.com")
    answers = invite(
        as_alice, ["full@example.com", "a@example.com", "bob@acme.example", "b@example.com", "c@example.com"]
    )
    assert codes(answers) == ["rate_limited", "invited", "already_member", "invited", "rate_limited"]
    assert all(
        answer.error.extra["retry_after"] > 0 for answer in answers if answer.error and answer.error.status == 429
    )


def test_what_is_refused_uses_nothing_up(few, as_alice, acme):
    acme.seat_pools.filter(product__slug=cast.CODE).update(purchased=0)
    for _ in range(9):
        invite(as_alice, ["a@example.com"], products=[cast.CODE])
        invite(as_alice, ["bob@acme.example", "nonsense"])
    assert codes(invite(as_alice, [f"a{n}@example.com" for n in range(4)])) == ["invited"] * 4


def test_resends_count_and_a_refused_one_changes_nothing(few, as_alice):
    [answer] = invite(as_alice, ["ada@example.com"])
    waited(answer.invitation)
    resend(as_alice, answer.invitation.id)
    waited(answer.invitation)
    with pytest.raises(RateLimited, match="2 invitation emails a day"):
        resend(as_alice, answer.invitation.id)
    kept = Invitation.objects.get(id=answer.invitation.id)
    assert (kept.generation, kept.deliveries.count()) == (2, 2)


def test_reminders_and_word_to_admins_do_not_count(few, as_alice, acme):
    invitation = invite(as_alice, ["ada@example.com"])[0].invitation
    for kind in (Kind.REMINDER, Kind.ASKED, Kind.JOINED):
        Delivery.objects.create(
            workspace=acme, invitation=invitation, generation=1, kind=kind, recipient="ada@example.com"
        )
    waited(invitation)
    assert resend(as_alice, invitation.id).generation == 2


def test_the_api_says_when_to_come_back(few, as_alice, alice, client_for):
    client = client_for(alice)
    path = "/api/v1/workspaces/acme/invitations"
    for n in range(4):
        assert client.post(path, {"email": f"a{n}@example.com"}, content_type="application/json").status_code == 201
    response = client.post(path, {"email": "b@example.com"}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (429, "rate_limited")
    assert 0 < int(response["Retry-After"]) <= DAY
    assert "hours" in response.json()["detail"]


@pytest.mark.parametrize(
    ("outcome", "soft", "held"),
    [("bounced", False, True), ("complained", False, True), ("bounced", True, False), ("delivered", False, False)],
)
def test_an_address_is_held_back_where_it_is_dead_or_mail_unwelcome(outcome, soft, held, as_alice, globex, dana):
    [answer] = invite(as_alice, ["ada@example.com"])
    Delivery.objects.filter(invitation=answer.invitation).update(outcome=outcome, soft=soft)
    waited(answer.invitation)
    if not held:
        resend(as_alice, answer.invitation.id)
        return
    with pytest.raises(Undeliverable):
        resend(as_alice, answer.invitation.id)
    revoke(as_alice, answer.invitation.id)
    assert codes(invite(as_alice, ["ada@example.com"])) == ["undeliverable"]
    assert codes(invite(actor_for(dana, "globex"), ["ada@example.com"])) == ["invited"], "in this workspace only"
    Delivery.objects.filter(outcome=Outcome(outcome)).update(released_at=Now())
    assert codes(invite(as_alice, ["ada@example.com"])) == ["invited"]


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_in_two_workspaces_do_not_exceed_a_persons_limit(settings, alice, as_alice, globex):
    globex.memberships.filter(user=alice).update(role=Role.ADMIN)
    in_globex = actor_for(alice, "globex")
    fresh_day()
    settings.MAILS_PER_INVITER = 20
    acts = [
        lambda n=n, actor=actor: codes(invite(actor, [f"p{n}@example.com"]))
        for n in range(25)
        for actor in (as_alice, in_globex)
    ]
    results = race(*acts)
    assert refused(results) == []
    assert sorted(results) == [["invited"]] * 20 + [["rate_limited"]] * 30
    today = Delivery.objects.filter(kind=Kind.INVITATION, created_at__gt=Now() - timedelta(days=1))
    assert today.filter(sender_id=alice.id).count() == 20
    assert Membership.objects.invited().count() == 20
