"""Changing the email address of one's own account."""

import uuid

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from members import audit
from members.access import Actor
from members.account import address_tokens, emails
from members.acting import acting_on_own_account
from members.addresses import canonical
from members.errors import InvalidRequest, NotFound, Unavailable
from members.models import Membership, User, Workspace
from members.outbox.queue import State


def ask_for_address(user: User, text: str) -> str:
    """Send a link to the address that the person wants to have, and return the address as it is stored.

    If it already has an account, only its mailbox is told: whoever asks sees no difference.
    """
    email = canonical(text)
    if email == user.email:
        raise InvalidRequest(_("This is already your email address."), field="email", code="unchanged")
    known = User.objects.claimed().filter(email=email).exists()
    if known:
        emails.send("account_exists", user=None, email=email)
    else:
        emails.send(address_tokens.KIND, user=user, email=email)
    return email


def change_address(user: User, token: str) -> None:
    """Move the account and all of its memberships to the address that the link proves.

    Raise NotFound if the link was used, is too old or isn't this person's, and InvalidRequest if the address has an
    account, or another row in one of the person's workspaces.
    """
    with acting_on_own_account(user) as workspaces:
        # Memberships are locked before the account, as everywhere.
        rows = list(user.memberships.select_for_update(no_key=True).order_by("id"))
        person = User.objects.select_for_update().get(id=user.id)
        mail = address_tokens.find(token, person)
        if mail is None:
            raise NotFound
        # The workspace of a new row is not locked, and it is too late to lock it after the account's row.
        if not workspaces.keys() >= set(_places(person)) == {row.workspace_id for row in rows}:
            raise Unavailable
        others = Membership.objects.filter(workspace__in=workspaces, email=mail.email).exclude(user=person)
        if others.exists():
            raise _unusable()
        old = person.email
        _move_account(person, mail.email)
        for row in rows:
            _move_membership(person, workspaces[row.workspace_id], row)
        forget_links(person)
        emails.send("address_changed", user=person, email=old)


def forget_links(user: User) -> None:
    """Cancel links that were requested before the account changed: if they were made now, they would work."""
    waiting = user.account_mails.filter(kind=address_tokens.KIND, state__in=[State.QUEUED, State.SENDING])
    waiting.update(state=State.CANCELLED, lease=None)


def _unusable() -> InvalidRequest:
    message = _("This email address can’t be used. Your account keeps its current one.")
    return InvalidRequest(message, field="email", code="unusable")


def _places(user: User) -> list[uuid.UUID]:
    return list(user.memberships.order_by("workspace_id").values_list("workspace_id", flat=True))


def _move_account(person: User, email: str) -> None:
    User.objects.unclaimed().filter(email=email).delete()
    person.email = email
    try:
        with transaction.atomic():
            person.save(update_fields=["email"])
            EmailAddress.objects.filter(user=person).delete()
            EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    except IntegrityError:
        raise _unusable() from None


def _move_membership(person: User, workspace: Workspace, row: Membership) -> None:
    old, row.email = row.email, person.email
    row.save(update_fields=["email", "sort_name"])
    who = Actor(kind="user", id=person.id, name=str(person), email=person.email, workspace=workspace)
    audit.record(who, workspace.id, "member.email_changed", row, {"email": [old, row.email]})
