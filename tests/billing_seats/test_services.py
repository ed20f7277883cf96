import pytest

from billing_seats.entitlement.explain import explain_all
from billing_seats.lifecycle.services import change_role, give, leave, remove, take
from billing_seats.models import Product, SeatPool
from billing_seats.plans import require_feature
from billing_seats.services import open_workspace
from billing_seats.subscription.services import change_plan, resize
from invitations.inviting import invite
from members.access import actor_for, staff_actor
from members.errors import (
    InvalidRequest,
    LastAdmin,
    MemberInvited,
    NotFound,
    OverAssigned,
    PermissionDenied,
    PlanRequired,
    SeatsExhausted,
)
from members.models import AuditEvent, Membership
from members.services import update_profile
from workspace_admin.demo import cast


@pytest.fixture
def bob_row(acme, bob):
    return acme.memberships.get(user=bob)


def test_giving_and_taking_is_in_force_at_once_and_idempotent(as_alice, as_bob, bob_row, acme, seats_of):
    for _ in range(2):
        give(as_alice, bob_row.id, cast.CODE)
    assert (seats_of(acme, cast.CODE).in_use, seats_of(acme, cast.CODE).available) == (1, 2)
    assert [one.entitled for one in explain_all(acme, id=bob_row.id)] == [True, True]
    for _ in range(2):
        take(as_alice, bob_row.id, cast.CODE)
    assert seats_of(acme, cast.CODE).in_use == 0
    assert AuditEvent.objects.filter(target_id=bob_row.id, action__startswith="seat.").count() == 2


def test_seats_are_given_while_they_last(as_alice, acme, bob_row):
    invite(as_alice, [f"p{n}@example.com" for n in range(3)], products=[cast.CODE])
    with pytest.raises(SeatsExhausted) as refused:
        give(as_alice, bob_row.id, cast.CODE)
    assert refused.value.extra == {"product": cast.CODE, "available": 0}


@pytest.mark.parametrize("slug", ["unknown", "not-bought", "retired"])
def test_what_cannot_be_sold_here_is_not_given(as_alice, acme, bob_row, slug):
    Product.objects.create(slug="not-bought", name="Not bought")
    retired = Product.objects.create(slug="retired", name="Retired", retired=True)
    SeatPool.objects.create(workspace=acme, product=retired, purchased=5)
    with pytest.raises(InvalidRequest):
        give(as_alice, bob_row.id, slug)


@pytest.mark.parametrize("who", ["as_bob", "as_carol"])
@pytest.mark.parametrize("act", [give, take])
def test_only_admins_give_and_take(act, who, request, bob_row):
    with pytest.raises(PermissionDenied):
        act(request.getfixturevalue(who), bob_row.id, cast.CHAT)
    assert bob_row.seats.count() == 1


def test_the_plan_gates_giving_and_never_taking(as_alice, acme, bob_row):
    acme.subscription.plan = "pro"
    acme.subscription.save()
    with pytest.raises(PlanRequired):
        give(as_alice, bob_row.id, cast.CODE)
    take(as_alice, bob_row.id, cast.CHAT)
    change_role(as_alice, bob_row.id, "billing")
    remove(as_alice, bob_row.id)
    assert not acme.memberships.filter(id=bob_row.id).exists()


def test_an_expired_invitee_takes_no_seat(as_alice, acme):
    [answer] = invite(as_alice, ["ada@example.com"])
    Membership.objects.filter(email="ada@example.com").update(expires_at="2026-01-01T00:00:00Z")
    with pytest.raises(InvalidRequest):
        give(as_alice, answer.invitation.membership_id, cast.CODE)


def test_support_changes_plan_and_quantities_with_a_reason(acme, person):
    boss = person("superuser@example.com", is_staff=True, is_superuser=True)
    with pytest.raises(InvalidRequest, match="reason"):
        change_plan(staff_actor(boss, acme), "pro")
    change_plan(staff_actor(boss, acme, "ticket 7"), "enterprise")
    resize(staff_actor(boss, acme, "ticket 7"), cast.CODE, 12)
    assert acme.seat_pools.get(product__slug=cast.CODE).purchased == 12
    event = AuditEvent.objects.filter(actor_id=boss.id).order_by("-occurred_at").first()
    assert (event.actor_type, event.reason, event.changes) == ("staff", "ticket 7", {cast.CODE: [3, 12]})


@pytest.mark.parametrize("purchased", [-1, 10**9])
def test_a_quantity_out_of_range_is_refused(acme, person, purchased):
    boss = person("superuser@example.com", is_staff=True, is_superuser=True)
    with pytest.raises(InvalidRequest):
        resize(staff_actor(boss, acme, "typo"), cast.CODE, purchased)


def test_fewer_seats_than_are_in_use_leave_everyone_theirs_and_give_no_more(acme, person, as_alice, bob_row, seats_of):
    boss = person("superuser@example.com", is_staff=True, is_superuser=True)
    resize(staff_actor(boss, acme, "ticket 8"), cast.CHAT, 0)
    assert bob_row.seats.count() == 1
    assert seats_of(acme).over_assigned == 1
    with pytest.raises(OverAssigned) as refused:
        give(as_alice, acme.memberships.get(email="carol@acme.example").id, cast.CHAT)
    assert refused.value.extra == {"product": cast.CHAT, "over_assigned": 1}


@pytest.mark.parametrize("who", ["as_alice", "as_carol"])
def test_without_self_service_nobody_inside_changes_the_subscription(who, request, acme):
    actor = request.getfixturevalue(who)
    for act in (lambda: change_plan(actor, "enterprise"), lambda: resize(actor, cast.CHAT, 99)):
        with pytest.raises(PermissionDenied, match="support"):
            act()


def test_opening_a_workspace_makes_its_admin_on_the_free_plan(erin):
    workspace = open_workspace(erin, name="  Erin & Co  ", slug="erin-co")
    actor = actor_for(erin, "erin-co")
    assert (workspace.name, actor.role, workspace.subscription.plan) == ("Erin & Co", "admin", "free")
    with pytest.raises(PlanRequired):
        require_feature(workspace, "invitations")


@pytest.mark.parametrize("slug", ["", "a", "A-b", "-ab", "ab-", "a" * 33, "a b", "ab\n", "é-é", "acme"])
def test_a_bad_or_taken_slug_is_refused(erin, acme, slug):
    with pytest.raises(InvalidRequest) as refused:
        open_workspace(erin, name="Erin", slug=slug)
    assert refused.value.field == "slug"
    assert not erin.memberships.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb", "a\x00b", "a\u202eb"])
def test_a_bad_name_is_refused(erin, name):
    with pytest.raises(InvalidRequest) as refused:
        open_workspace(erin, name=name, slug="fine")
    assert refused.value.field == "name"


def test_the_last_admin_stays_by_every_route(as_alice, acme, alice):
    row = acme.memberships.get(user=alice)
    invite(as_alice, ["ada@example.com"], role="admin")
    for act in (
        lambda: leave(as_alice),
        lambda: remove(as_alice, row.id),
        lambda: change_role(as_alice, row.id, "member"),
    ):
        with pytest.raises(LastAdmin):
            act()
    assert acme.memberships.admins().get().user == alice


def test_an_invitee_is_not_removed_but_revoked(as_alice, acme):
    [answer] = invite(as_alice, ["ada@example.com"])
    with pytest.raises(MemberInvited):
        remove(as_alice, answer.invitation.membership_id)
    change_role(as_alice, answer.invitation.membership_id, "admin")
    assert acme.memberships.get(email="ada@example.com").role == "admin"


def test_foreign_members_look_nonexistent(as_alice, globex, dana):
    foreign = globex.memberships.get(user=dana)
    for act in (
        lambda: change_role(as_alice, foreign.id, "member"),
        lambda: remove(as_alice, foreign.id),
        lambda: give(as_alice, foreign.id, cast.CHAT),
        lambda: take(as_alice, foreign.id, cast.CHAT),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_name_follows_onto_every_workspaces_row(acme, globex, alice):
    update_profile(alice, name="Álice Zed", language="fr")
    assert {(row.name, row.sort_name) for row in alice.memberships.all()} == {("Álice Zed", "alice zed")}
    assert list(Membership.objects.matching(acme, "ali ze")) == [acme.memberships.get(user=alice)]
    assert not Membership.objects.matching(acme, "dana").exists()
