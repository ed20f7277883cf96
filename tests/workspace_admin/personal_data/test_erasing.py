"""What is left of somebody who was erased: nothing that names them."""

import pytest

from billing_seats.lifecycle.services import change_role
from billing_seats.models import Seat
from invitations.delivery.provider_events import ProviderEvent, record
from invitations.inviting import invite
from invitations.join.services import accept, accept_as_new_person
from invitations.models import Delivery, DeliveryEvent, EventType, Invitation
from invitations.offers import offer_for
from members.access import StaffMember, actor_for
from members.errors import InvalidRequest, InvitationNotPending, LastAdmin, PermissionDenied
from members.jobs.services import run_next
from members.models import AuditEvent, Job, Membership, User
from tests.workspace_admin.personal_data.conftest import NAMES, NEW, OLD
from tests.workspace_admin.personal_data.dump import rows_with
from workspace_admin.personal_data.services import erase_own_account, erase_person

WORDS = ("xyzzy", "quilla", "plover")


@pytest.mark.parametrize("by", ["herself", "support"])
def test_nothing_in_the_database_names_an_erased_person(by, story, sam):
    assert {table for table, _text in rows_with(*WORDS)} >= {
        "members_user", "members_membership", "members_auditevent", "members_jobrow", "members_job",
        "members_keptanswer", "members_accountmail", "account_emailaddress", "django_admin_log",
        "invitations_invitation", "invitations_delivery", "invitations_deliveryevent", "invitations_linkopening",
        "billing_seats_notice",
    }  # fmt: skip
    if by == "herself":
        erase_own_account(story.user)
    else:
        erase_person(StaffMember(sam, "Ticket 812"), story.user)
    assert rows_with(*WORDS) == []
    assert not User.objects.filter(id=story.user.id).exists()


def test_others_keep_what_is_theirs(story, acme, alice):
    others = AuditEvent.objects.exclude(target_label__in=[OLD, NEW]).exclude(actor_id=story.user.id)
    before = set(others.exclude(reason__icontains="quilla").values_list("id", "actor_label", "target_label", "reason"))
    seats = set(Seat.objects.exclude(membership__user=story.user).values_list("id", flat=True))
    erase_own_account(story.user)
    assert before <= set(AuditEvent.objects.values_list("id", "actor_label", "target_label", "reason"))
    assert seats == set(Seat.objects.values_list("id", flat=True))
    assert User.objects.filter(id=alice.id).exists()


def test_an_erasure_frees_the_seats_and_is_in_the_log_of_each_workspace(story, acme, globex, solo, seats_of):
    before = seats_of(acme).in_use
    erase_own_account(story.user)
    assert seats_of(acme).in_use == before - 1
    assert not Membership.objects.filter(workspace__in=[acme, globex, solo], email__in=[OLD, NEW]).exists()
    events = AuditEvent.objects.filter(action="person.erased")
    assert set(events.values_list("workspace_id", flat=True)) == {acme.id, globex.id, solo.id}
    assert set(events.values_list("actor_type", "actor_id", "actor_label", "target_label", "reason")) == {
        ("user", story.user.id, "", "", "")
    }


def test_support_stands_in_the_log_with_the_reason(story, sam):
    with pytest.raises(InvalidRequest):
        erase_person(StaffMember(sam, " "), story.user)
    for told in (NEW.upper(), f"for {OLD}", f"asked by {NAMES[0]}"):
        with pytest.raises(InvalidRequest, match="stays in the audit log"):
            erase_person(StaffMember(sam, told), story.user)
    erase_person(StaffMember(sam, "Ticket 812"), story.user)
    events = AuditEvent.objects.filter(action="person.erased").values_list("actor_label", "reason").distinct()
    assert list(events) == [("Sam Support <support@example.com>", "Ticket 812")]


@pytest.mark.parametrize("lacks", ["permission", "staff"])
def test_support_needs_the_permission_under_the_locks_too(lacks, story, sam):
    stale = StaffMember(User.objects.get(id=sam.id), "Ticket 812")
    assert stale.user.has_perm("members.delete_user")
    if lacks == "permission":
        sam.groups.clear()
    else:
        User.objects.filter(id=sam.id).update(is_staff=False)
    with pytest.raises(PermissionDenied):
        erase_person(stale, story.user)
    assert User.objects.filter(id=story.user.id).exists()


def test_the_last_admin_of_any_workspace_is_refused_by_its_name(story, acme, globex, alice, dana):
    change_role(actor_for(story.user, "acme"), acme.memberships.get(user=alice).id, "member")
    with pytest.raises(LastAdmin, match="Acme") as refused:
        erase_own_account(story.user)
    assert "Globex" not in str(refused.value)
    assert rows_with(NEW)
    change_role(actor_for(story.user, "acme"), acme.memberships.get(user=alice).id, "admin")
    erase_own_account(story.user)
    assert not rows_with(NEW)


def test_support_staff_are_refused_until_they_are_none(sam):
    with pytest.raises(PermissionDenied, match="support account"):
        erase_own_account(sam)
    sam.is_staff = False
    sam.save()
    erase_own_account(sam)
    assert not User.objects.filter(email="support@example.com").exists()


def test_an_address_that_is_anothers_by_now_stays_theirs(story, person, dana):
    heir = person(OLD, "Henri Heir")
    invite(actor_for(dana, "globex"), [OLD])
    erase_own_account(story.user)
    assert User.objects.get(id=heir.id).email == OLD
    assert Invitation.objects.filter(email=OLD, status="pending").exists()
    assert rows_with(NEW) == []


def test_nothing_under_way_brings_anything_back(story, solo):
    shown = offer_for(story.link)
    mail = Delivery.objects.get(invitation=story.invitation)
    erase_own_account(story.user)
    assert offer_for(story.link) is None
    for join in (
        lambda: accept(shown, story.user),
        lambda: accept_as_new_person(shown, name=NAMES[0], password="a-long-secret-7", language="en"),
    ):
        with pytest.raises((InvitationNotPending, PermissionDenied)):
            join()
    told = {"row": mail.id, "names": (), "recipient": "", "type": EventType.BOUNCED, "at": None, "event_id": "1"}
    assert record([ProviderEvent(detail=f"<{NEW}>: no such user", **told)]) == 0
    while run_next():
        pass
    assert set(Job.objects.values_list("status", flat=True)) == {"done", "stopped"}
    assert Invitation.objects.filter(email="kit@new.example").count() == 1
    assert rows_with(*WORDS) == []
    assert not Delivery.objects.filter(recipient__endswith="erased.invalid", state__in=["queued", "sending"]).exists()
    assert not DeliveryEvent.objects.exclude(detail="").exists()
