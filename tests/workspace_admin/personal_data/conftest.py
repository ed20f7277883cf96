"""Quilla, whose name and addresses are like nobody else's, has left traces everywhere."""

from dataclasses import dataclass

import orjson
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models.functions import Now

from billing_seats.lifecycle.services import deactivate, remove
from billing_seats.models import MemberPreview, Notice, Product, Subscription
from invitations import tokens
from invitations.delivery.undeliverable import fix_address
from invitations.inviting import Invitee, invite, invite_each
from invitations.join.link_openings import note
from invitations.models import Delivery, DeliveryEvent, Invitation
from invitations.services import revoke
from members.access import Action, Actor, actor_for, staff_actor
from members.account import address_tokens, emails
from members.account.address_change import change_address
from members.ids import new_id
from members.jobs import services as jobs
from members.models import AccountMail, KeptAnswer, Role, User
from members.services import update_profile
from workspace_admin.demo import cast
from workspace_admin.support.staff import make_staff

OLD, NEW = "quilla.old@xyzzy.example", "quilla@xyzzy.example"
NAMES = ["Quilla Xyzzyburg", "Quilla Plover"]


@pytest.fixture
def quilla(person) -> User:
    return person(OLD, NAMES[0])


@pytest.fixture
def sam(person) -> User:
    user = person("support@example.com", "Sam Support")
    make_staff(user)
    return user


@dataclass
class Story:
    """The person, her invitation in Solo, and the link to it."""

    user: User
    invitation: Invitation
    link: str


@pytest.fixture
def story(quilla, acme, globex, solo, alice, dana, erin, sam) -> Story:
    """Admin of Acme beside Alice, deactivated in Globex, removed from Solo and invited there again."""
    Subscription.objects.filter(workspace=solo).update(plan="team")
    host, other, owner = actor_for(alice, "acme"), actor_for(dana, "globex"), actor_for(erin, "solo")
    cast.join(host, quilla, Role.ADMIN, (cast.CHAT,))
    cast.join(other, quilla, Role.MEMBER)
    cast.join(owner, quilla, Role.MEMBER)
    deactivate(other, globex.memberships.get(user=quilla).id)
    remove(owner, solo.memberships.get(user=quilla).id)
    _changes_address_and_name(quilla)
    asked = invite(actor_for(quilla, "acme"), ["max@new.example", "ida@new.example"], note=f"Yours, {NAMES[1]}")
    revoke(staff_actor(sam, acme, f"Asked for by {NEW.upper()}"), asked[0].invitation.id)
    revoke(staff_actor(sam, acme, f"{NAMES[1].upper()} wants it"), asked[1].invitation.id)
    invitation = _is_invited_again(owner)
    _is_in_calls(host, quilla)
    return Story(quilla, invitation, tokens.make(invitation))


def _changes_address_and_name(quilla: User) -> None:
    emails.send(address_tokens.KIND, user=quilla, email=NEW)
    change_address(quilla, address_tokens.make(AccountMail.objects.get(email=NEW), quilla))
    quilla.refresh_from_db()
    update_profile(quilla, name=NAMES[1], language="en")
    quilla.refresh_from_db()
    emails.send("unknown_account", user=None, email=NEW)


def _is_invited_again(owner: Actor) -> Invitation:
    labels = {"external_id": OLD, "metadata": {"who": NAMES[0]}}
    [first] = invite_each(owner, [Invitee(email=OLD, name=NAMES[1], note=f"Hello {NAMES[1]}", **labels)])
    Invitation.objects.update(sent_at="2026-01-01T00:00Z")
    invitation = fix_address(owner, first.invitation.id, NEW)
    note(invitation, "GET", f"Browser of {NAMES[1]}")
    mail = Delivery.objects.get(invitation=invitation)
    told = {"workspace": owner.workspace, "delivery": mail, "at": Now()}
    DeliveryEvent.objects.create(type="bounced", detail=f"<{NEW}>: no such user", **told)
    Delivery.objects.filter(id=mail.id).update(error=f"<{OLD}>: unknown", provider_message_id="provider-7")
    Notice.objects.create(workspace=owner.workspace, product=Product.objects.first(), kind="low", recipient=OLD)
    return Invitation.objects.get(id=invitation.id)


def _is_in_calls(host: Actor, quilla: User) -> None:
    items = [{"email": NEW, "name": NAMES[1]}, {"email": "kit@new.example"}]
    job = jobs.start(host, Action.INVITE, "invitations.invite", items, {})
    jobs.stop(actor_for(quilla, "acme"), job.id)
    jobs.start(host, Action.INVITE, "invitations.invite", items, {})
    jobs.start(actor_for(quilla, "acme"), Action.INVITE, "invitations.invite", items[1:], {})
    body = orjson.dumps({"data": [{"email": NEW, "name": NAMES[1]}, {"email": "kit@new.example", "name": "Kit"}]})
    kept = {"key": "1", "part": 1, "fingerprint": b"", "status": 200, "body": body}
    KeptAnswer.objects.create(caller=new_id(), **kept)
    KeptAnswer.objects.create(caller=quilla.id, **kept)
    changes = {"actor_type": "user", "actor_id": quilla.id, "changes": {}, "rows": []}
    MemberPreview.objects.create(workspace=host.workspace, **changes)
    kind = ContentType.objects.get_for_model(User)
    about = {"object_repr": NEW, "action_flag": 2, "change_message": "", "content_type": kind, "object_id": quilla.pk}
    LogEntry.objects.create(user=host.membership.user, **about)
