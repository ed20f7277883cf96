"""`updated_at` is kept by the database, for members and invitations alike: each step commits, as its times do."""

import pytest

from billing_seats.lifecycle.services import change_role, give, take
from invitations.inviting import invite
from invitations.models import Invitation
from members.access import actor_for
from members.models import Membership
from workspace_admin.demo import cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(acme, alice) -> Invitation:
    [answer] = invite(actor_for(alice, "acme"), ["ada@example.com"])
    return Invitation.objects.get(id=answer.invitation.id)


def times(invitation):
    """When the invitation and its member last changed."""
    return (
        Invitation.objects.values_list("updated_at", flat=True).get(id=invitation.id),
        Membership.objects.values_list("updated_at", flat=True).get(id=invitation.membership_id),
    )


CHANGES = {
    "role": lambda actor, member: change_role(actor, member.id, "billing"),
    "seat": lambda actor, member: give(actor, member.id, cast.CHAT),
    "metadata": lambda _actor, member: Membership.objects.filter(id=member.id).update(metadata={"team": "red"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_the_api_shows_of_an_invitee_changes_member_and_invitation(ada, alice, change):
    before = times(ada)
    CHANGES[change](actor_for(alice, "acme"), ada.membership)
    after = times(ada)
    assert after[0] > before[0]
    assert after[1] > before[1]


def test_a_seat_taken_is_a_change_too(ada, alice):
    give(actor_for(alice, "acme"), ada.membership_id, cast.CHAT)
    before = times(ada)
    take(actor_for(alice, "acme"), ada.membership_id, cast.CHAT)
    assert all(new > old for new, old in zip(times(ada), before, strict=True))


def test_being_seen_is_no_change(acme, bob):
    member = acme.memberships.get(user=bob)
    before = member.updated_at
    member.last_active_at = member.created_at
    member.save()
    assert acme.memberships.get(user=bob).updated_at == before


def test_a_model_that_was_read_earlier_puts_no_older_time_back(ada, alice):
    stale = Membership.objects.get(id=ada.membership_id)
    give(actor_for(alice, "acme"), ada.membership_id, cast.CHAT)
    before = times(ada)[1]
    stale.save()
    assert times(ada)[1] >= before
