"""Acme as the tests of refusals find it, and what can be done to it so that something is refused."""

from datetime import timedelta

from django.db.models.functions import Now

from billing_seats.lifecycle.services import give
from billing_seats.subscription.services import resize
from invitations.inviting import invite
from invitations.models import Delivery, Invitation, Outcome
from invitations.services import revoke
from members.access import Action, Actor, system_actor
from members.jobs import services as jobs
from members.models import Membership
from workspace_admin.demo import cast
from workspace_admin.reference.document import document, resolved

ADA = "ada@example.com"
CALLS = {
    call["operationId"]: (method.upper(), path.removeprefix("/api/v1"), call)
    for path, ways in document()["paths"].items()
    for method, call in ways.items()
}
"""Every call by its operation id: method, path, and what the document says of it."""


def codes(call: dict) -> set[str]:
    """The codes with which the document says that the call can be refused."""
    told = [resolved(response).get("content", {}) for response in call["responses"].values()]
    return {code for one in told for code in one.get("application/problem+json", {}).get("examples", {})}


class World:
    """Bob has joined Acme and Ada is invited; a call is about Bob, unless it is said not to be."""

    def __init__(self, host: Actor) -> None:
        self.host, self.acme = host, host.workspace
        [answer] = invite(host, [ADA])
        self.job = jobs.start(host, Action.INVITE, "invitations.invite", [{"email": "ida@example.com"}], {})
        self.invitation = answer.invitation
        Invitation.objects.filter(id=self.invitation.id).update(sent_at=Now() - timedelta(hours=1))
        self.ada = Membership.objects.get(id=self.invitation.membership_id)
        self.member = self.bob = self.acme.memberships.get(email="bob@acme.example")
        self.alice = self.acme.memberships.get(email="alice@acme.example")

    def path(self, template: str, workspace: str = "acme") -> str:
        ids = {"member": self.member.id, "invitation": self.invitation.id, "key": self.member.id, "job": self.job.id}
        return template.format(workspace=workspace, product=cast.CODE, **ids)

    def of_ada(self) -> None:
        self.member = self.ada

    def of_alice(self) -> None:
        self.member = self.alice

    def revoked(self) -> None:
        revoke(self.host, self.invitation.id)

    def bounced(self) -> None:
        Delivery.objects.update(outcome=Outcome.BOUNCED, outcome_at=Now())

    def seated(self) -> None:
        give(self.host, self.member.id, cast.CODE)

    def lapsed(self) -> None:
        Membership.objects.filter(id=self.member.id).update(expires_at=Now() - timedelta(seconds=1))
        Invitation.objects.filter(membership=self.member).update(expires_at=Now() - timedelta(seconds=1))

    def none_left(self) -> None:
        resize(system_actor(self.acme), cast.CODE, 0)

    def too_many(self) -> None:
        give(self.host, self.alice.id, cast.CODE)
        self.none_left()
