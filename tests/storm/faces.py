"""The same acts through the faces people and programs use: pages with and without htmx, the join pages, the API."""

import json
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from invitations import tokens
from members.errors import DomainError, NotFound, Unavailable
from members.models import Role, Status
from tests.storm.acts import Acts


class Refused(DomainError):
    """A page or the API said no; which code the service gave is other tests' matter."""

    code = "refused"


def checked(response: HttpResponse) -> None:
    """Let an answer through; what is no refusal but a failure is raised by the client.

    Raises:
        Refused: it is a refusal.
        Unavailable: that the workspace is busy is none that may be met.
    """
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unavailable(response.content.decode()[:500])
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        raise Refused


class Faces(Acts):
    """One thread's browser and program."""

    def browser(self, **headers: str) -> Client:
        """Return the browser of someone active, mostly an Admin."""
        client = Client(headers=headers)
        membership = self.admin().membership
        if membership is None or membership.user is None:
            raise NotFound
        client.force_login(membership.user, settings.AUTHENTICATION_BACKENDS[0])
        return client

    def htmx(self) -> Client:
        where = f"http://testserver/w/{self.workspace.slug}/members/"
        return self.browser(**{"HX-Request": "true", "HX-Current-URL": where})

    def page(self, path: str, **fields: object) -> None:
        """Send a form, half of the time with htmx."""
        client = self.dice.choice([self.browser, self.htmx])()
        checked(client.post(f"/w/{self.workspace.slug}/{path}", fields))

    def api(self, method: str, path: str, body: object = None) -> None:
        raw = b"" if body is None else json.dumps(body).encode()
        link = f"/api/v1/workspaces/{self.workspace.slug}/{path}"
        checked(self.browser().generic(method, link, raw, "application/json"))

    def either(self, *ways: Callable[[], None]) -> None:
        self.dice.choice(ways)()

    def invite(self) -> None:
        email, products = self.address(), [self.product()]
        self.either(
            lambda: self.page("members/invite/", email=email, role="member", days="7", products=products),
            lambda: self.api("POST", "invitations", {"email": email, "role": "member", "seats": products}),
        )

    def resend(self) -> None:
        invitation = self.pending().id
        self.either(
            lambda: self.page(f"invitations/{invitation}/resend/"),
            lambda: self.api("POST", f"invitations/{invitation}/resend"),
        )

    def revoke(self) -> None:
        invitation = self.pending().id
        self.either(
            lambda: self.page(f"invitations/{invitation}/revocation/"),
            lambda: self.api("POST", f"invitations/{invitation}/revoke"),
        )

    def _join(self, path: str, **fields: object) -> None:
        invitation, client = self.pending(), Client()
        checked(client.get(f"/join/{tokens.make(invitation)}/", follow=True))
        shown = {"invitation": str(invitation.id), "generation": invitation.generation}
        checked(client.post(path, {**shown, **fields}))

    def accept(self) -> None:
        self._join("/join/", name="Ada", password="a-long-password")

    def decline(self) -> None:
        self._join("/join/decline/")

    def ask(self) -> None:
        self._join("/join/new-link/")

    def give(self) -> None:
        self.page(f"members/{self.member().id}/seats/{self.product()}/", value="on")

    def take(self) -> None:
        member, product = self.holder()
        self.page(f"members/{member}/seats/{product}/")

    def change_role(self) -> None:
        member, role = self.member().id, self.dice.choice(Role.values)
        self.either(
            lambda: self.page(f"members/{member}/role/", role=role),
            lambda: self.api("PATCH", f"members/{member}", {"role": role}),
        )

    def deactivate(self) -> None:
        self.api("PATCH", f"members/{self.guest().id}", {"status": "deactivated"})

    def reactivate(self) -> None:
        self.api("PATCH", f"members/{self.member(status=Status.DEACTIVATED).id}", {"status": "active"})

    def remove(self) -> None:
        member = self.guest().id
        self.either(lambda: self.page(f"members/{member}/removal/"), lambda: self.api("DELETE", f"members/{member}"))

    def age(self) -> None:
        """Look at the lists."""
        link = f"/w/{self.workspace.slug}/{self.dice.choice(['', 'members/', 'subscription/'])}"
        self.either(lambda: self.api("GET", "members"), lambda: checked(self.browser().get(link)))
