import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.db import connection

from billing_seats.lifecycle.services import change_role
from invitations import tokens
from invitations.inviting import Invitee, invite, invite_each
from invitations.join import services
from invitations.models import Delivery, Invitation
from invitations.offers import accepted_by, offer_for, offer_from_session
from invitations.services import resend
from members.access import staff_actor
from members.errors import AlreadyMember, InvitationNotPending, PermissionDenied, PlanRequired
from members.models import AuditEvent, Membership, Role, User
from workspace_admin.demo import cast


@pytest.fixture
def offered(as_alice):
    def make(email="ada@example.com", **terms):
        [answer] = invite(as_alice, [email], **terms)
        return offer_for(tokens.make(answer.invitation))

    return make


def lapse(offer):
    past = "2026-01-01T00:00:00Z"
    Invitation.objects.filter(id=offer.invitation.id).update(expires_at=past, sent_at=past)
    Membership.objects.filter(id=offer.membership.id).update(expires_at=past)


def join(offer):
    return services.accept_as_new_person(offer, name="Ada", password="analytical-engine", language="fr")


def test_a_new_person_is_active_with_the_seats_that_were_held(offered, acme, seats_of):
    before = seats_of(acme)
    ada = join(offered(products=[cast.CHAT], role="billing"))
    member = acme.memberships.with_expiry().get(user=ada)
    assert (member.display_status, member.role, member.expires_at, member.name) == ("active", "billing", None, "Ada")
    assert (ada.email_verified, ada.language, ada.check_password("analytical-engine")) == (True, "fr", True)
    after = seats_of(acme)
    assert (after.in_use, after.held) == (before.in_use + 1, 0)
    told = Delivery.objects.get(kind="joined", invitation__email="ada@example.com")
    assert told.recipient == "alice@acme.example"
    assert AuditEvent.objects.filter(action="invitation.accepted", actor_id=ada.id).exists()


def test_a_customers_own_id_and_labels_pass_to_the_member(as_alice, acme):
    [result] = invite_each(
        as_alice, [Invitee(email="ada@example.com", name="A. Byron", external_id="hr-7", metadata={"team": "red"})]
    )
    assert acme.memberships.get(email="ada@example.com").name == "A. Byron"
    ada = join(offer_for(tokens.make(result.invitation)))
    member, invitation = acme.memberships.get(user=ada), Invitation.objects.get(id=result.invitation.id)
    assert (member.external_id, member.metadata, member.name) == ("hr-7", {"team": "red"}, "Ada")
    assert (invitation.external_id, invitation.metadata) == ("hr-7", {"team": "red"})


def test_a_token_is_good_once(offered):
    offer = offered()
    ada = join(offer)
    token = tokens.make(Invitation.objects.get(id=offer.invitation.id))
    assert offer_for(token) is None
    assert accepted_by(token, ada) == offer.workspace
    with pytest.raises(InvitationNotPending):
        services.accept(offer, ada)


def test_a_resent_offer_kills_the_old_link_and_the_open_form(offered, as_alice):
    old = offered()
    token = tokens.make(old.invitation)
    Invitation.objects.update(sent_at="2026-01-01T00:00:00Z")
    resend(as_alice, old.invitation.id)
    assert offer_for(token) is None
    assert offer_from_session(old.invitation.id, old.generation) is None
    with pytest.raises(InvitationNotPending):
        join(old)


@pytest.mark.parametrize("token", ["", "x", "x.y", "0" * 32 + ".", "é.é", "{id}.", "{id}.wrong"])
def test_a_made_up_token_opens_nothing(offered, token):
    assert offer_for(token.format(id=offered().invitation.id)) is None


def test_an_account_never_verified_counts_as_none(offered, person, hashed):
    squatter = person("ada@example.com", "Eve")
    EmailAddress.objects.filter(user=squatter).update(verified=False)
    offer = offered()
    assert not offer.account_exists
    ada = join(offer)
    assert (ada.id, ada.name, ada.check_password("workspace-demo")) == (squatter.id, "Ada", False)


@pytest.mark.parametrize("closed", [False, True])
def test_a_verified_account_signs_in_instead_of_being_reset(offered, person, closed):
    ada = person("ada@example.com", "Ada", is_active=not closed)
    offer = offered()
    assert offer.account_exists
    with pytest.raises(PermissionDenied):
        services.accept_as_new_person(offer, name="Eve", password="analytical-engine", language="")
    assert User.objects.get(id=ada.id).check_password("workspace-demo")


@pytest.mark.parametrize("rights", [{"is_staff": True}, {"is_staff": True, "is_superuser": True}])
def test_staff_whose_address_was_never_verified_keep_name_and_password(offered, rights):
    root = User.objects.create_user("ada@example.com", "workspace-demo", name="Root", **rights)
    offer = offered()
    assert offer.account_exists
    with pytest.raises(PermissionDenied):
        services.accept_as_new_person(offer, name="Eve", password="analytical-engine", language="")
    root.refresh_from_db()
    assert (root.name, root.check_password("workspace-demo")) == ("Root", True)


def test_another_address_never_joins(offered, bob, acme):
    with pytest.raises(PermissionDenied):
        services.accept(offered(), bob)
    assert acme.memberships.with_expiry().get(email="ada@example.com").display_status == "invited"


def test_who_is_in_the_workspace_under_another_address_joins_no_second_time(offered, bob, acme):
    acme.memberships.filter(user=bob).update(email="robert@acme.example")
    offer = offered(bob.email)
    with pytest.raises(AlreadyMember):
        services.accept(offer, bob)
    assert acme.memberships.with_expiry().get(email=bob.email).display_status == "invited"


def test_an_expired_offer_holds_nothing_and_lets_its_holder_ask_once(offered, seats_of, acme, mailoutbox):
    offer = offered(products=[cast.CODE])
    with pytest.raises(InvitationNotPending):
        services.ask_for_new_link(offer)
    lapse(offer)
    assert seats_of(acme, cast.CODE).held == 0
    with pytest.raises(InvitationNotPending, match="expired"):
        join(offer)
    for _ in range(3):
        services.ask_for_new_link(offer)
    assert Delivery.objects.filter(kind="asked").count() == acme.memberships.admins().count()


def test_declining_frees_the_seat_and_the_address(offered, acme, seats_of):
    offer = offered(products=[cast.CODE])
    services.decline(offer)
    assert seats_of(acme, cast.CODE).held == 0
    assert not acme.memberships.filter(email="ada@example.com").exists()
    assert offered() is not None


def test_an_offer_of_admin_dies_with_its_senders_right_and_a_members_lives_on(offered, as_alice, acme, alice, bob):
    admin, member = offered(role="admin"), offered("ben@example.com")
    acme.memberships.filter(user=bob).update(role=Role.ADMIN)
    change_role(as_alice, as_alice.membership.id, "member")
    with pytest.raises(PermissionDenied):
        join(admin)
    assert join(member).email == "ben@example.com"


@pytest.mark.parametrize("ended", [{"is_staff": False}, {"is_active": False}])
def test_supports_resend_of_an_admins_offer_holds_while_they_are_staff(offered, as_alice, acme, bob, person, ended):
    offer = offered(role="admin")
    acme.memberships.filter(user=bob).update(role=Role.ADMIN)
    change_role(as_alice, as_alice.membership.id, "member")
    Invitation.objects.update(sent_at="2026-01-01T00:00:00Z")
    support = person("support@console.example", is_staff=True)
    support.user_permissions.add(Permission.objects.get(codename="change_invitation"))
    resend(staff_actor(User.objects.get(id=support.id), acme, reason="Ticket 7"), offer.invitation.id)
    token = tokens.make(Invitation.objects.get(id=offer.invitation.id))
    assert not offer_for(token).suspended
    User.objects.filter(id=support.id).update(**ended)
    with pytest.raises(PermissionDenied):
        join(offer_for(token))


def test_a_plan_without_invitations_lets_nobody_join_until_it_has_them(offered, acme):
    offer = offered()
    acme.subscription.plan = "pro"
    acme.subscription.save()
    with pytest.raises(PlanRequired):
        join(offer)
    assert not User.objects.filter(email="ada@example.com").exists()
    acme.subscription.plan = "team"
    acme.subscription.save()
    assert join(offer)


def test_no_token_can_be_made_from_what_the_database_holds(offered):
    digest = tokens.make(offered().invitation).partition(".")[2]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{digest}%"])
            assert cursor.fetchone() == (0,), table


def test_an_older_key_still_opens_and_the_newest_signs(offered, settings):
    offer = offered()
    token = tokens.make(offer.invitation)
    settings.INVITATION_KEYS = ["a new key", *settings.INVITATION_KEYS]
    assert tokens.make(offer.invitation) != token
    assert offer_for(token) is not None
    settings.INVITATION_KEYS = ["a new key"]
    assert offer_for(token) is None
