"""Every role, action, face and workspace: who may do what, in one table.

An action without a row here fails ``test_every_action_has_a_row``.
"""

import json
from types import SimpleNamespace

import pytest

from billing_seats.keys.services import create_key
from invitations.inviting import invite
from invitations.models import Invitation
from members.access import ROLE_TABLE, Action, actor_for
from members.jobs import services as jobs
from members.models import Role, User
from tests.cast import add, stand
from workspace_admin.demo import cast

W, JSON = "/w/{slug}", "application/json"
API = "/api/v1/workspaces/{slug}"
SUBSCRIPTION = W + "/subscription/"
READ, WRITE, PATCH, PUT, DELETE = "get", "post", "patch", "put", "delete"

PAGES = {
    Action.VIEW_MEMBERS: (READ, W + "/members/", {}),
    Action.VIEW_SUBSCRIPTION: (READ, SUBSCRIPTION, {}),
    Action.VIEW_AUDIT: (READ, W + "/audit/", {}),
    Action.CHANGE_SUBSCRIPTION: (
        WRITE,
        SUBSCRIPTION + "seats/mistral-code/",
        {"purchased": "9", "shown_purchased": "3", "shown_over": "0"},
    ),
    Action.VIEW_DELIVERIES: (READ, W + "/invitations/{invitation}/deliveries/", {}),
    Action.CHANGE_SETTINGS: (WRITE, W + "/settings/", {"name": "Renamed", "reminders": "on"}),
    Action.INVITE: (WRITE, W + "/members/invite/", {"email": "new@example.com", "role": "member", "days": "7"}),
    Action.RESEND: (WRITE, W + "/invitations/{invitation}/resend/", {}),
    Action.REVOKE: (WRITE, W + "/invitations/{invitation}/revocation/", {}),
    Action.EDIT_INVITATION: (WRITE, W + "/members/{invitee}/role/", {"role": "billing"}),
    Action.CHANGE_ROLE: (WRITE, W + "/members/{member}/role/", {"role": "billing"}),
    Action.GIVE_SEAT: (WRITE, W + "/members/{member}/seats/le-chat-team/", {"value": "on"}),
    Action.TAKE_SEAT: (WRITE, W + "/members/{member}/seats/le-chat-team/", {"value": "off"}),
    Action.DEACTIVATE: (WRITE, W + "/members/{member}/deactivation/", {}),
    Action.REACTIVATE: (WRITE, W + "/members/{member}/reactivation/", {}),
    Action.SET_END: (WRITE, W + "/members/{member}/end/", {"ends_on": "2099-01-01"}),
    Action.REMOVE: (WRITE, W + "/members/{member}/removal/", {}),
    Action.MANAGE_API_KEYS: (WRITE, W + "/api-keys/new/", {"name": "Nightly sync", "scope": "read", "days": "30"}),
    Action.LEAVE: (WRITE, W + "/membership/departure/", {}),
}
PAGES_BESIDE = [
    (Action.INVITE, (WRITE, W + "/members/invite/addresses/", {"email": "new@example.com"})),
    (Action.CHANGE_SUBSCRIPTION, (READ, SUBSCRIPTION + "seats/le-chat-team/", {"purchased": "1"})),
    (Action.CHANGE_SUBSCRIPTION, (WRITE, SUBSCRIPTION + "plan/", {"plan": "enterprise"})),
    (Action.VIEW_MEMBERS, (READ, W + "/members/{member}/", {})),
    (Action.VIEW_MEMBERS, (READ, W + "/members/export.csv", {})),
    (Action.GIVE_SEAT, (WRITE, W + "/members/{member}/seats/le-chat-team/takeover/", {"other": "{holder}"})),
    (Action.TAKE_SEAT, (WRITE, W + "/members/{holder}/transfer/", {"product": "le-chat-team", "other": "{member}"})),
]
M = API + "/members/{member}"
CALLS = [
    (Action.CHANGE_SETTINGS, PATCH, API, {"name": "Acme & sons"}),
    (Action.VIEW_AUDIT, READ, API + "/audit-events", None),
    (Action.VIEW_ENTITLEMENTS, READ, API + "/entitlements/le-chat-team?email=bob@acme.example", None),
    (Action.VIEW_MEMBERS, READ, API + "/members", None),
    (Action.VIEW_MEMBERS, READ, M, None),
    (Action.CHANGE_ROLE, PATCH, M, {"role": "billing"}),
    (Action.DEACTIVATE, PATCH, M, {"status": "deactivated"}),
    (Action.REACTIVATE, PATCH, M, {"status": "active"}),
    (Action.SET_END, PATCH, M, {"expires_at": "2099-01-01T00:00:00Z"}),
    (Action.REMOVE, DELETE, M, None),
    (Action.VIEW_MEMBERS, READ, M + "/seats", None),
    (Action.GIVE_SEAT, PUT, M + "/seats/le-chat-team", None),
    (Action.TAKE_SEAT, DELETE, M + "/seats/le-chat-team", None),
    (Action.CHANGE_ROLE, WRITE, API + "/members/bulk", {"members": ["{member}"], "set": {"role": "billing"}}),
    (Action.REMOVE, WRITE, API + "/members/bulk", {"members": ["{member}"], "set": {"remove": True}}),
    (Action.VIEW_SUBSCRIPTION, READ, API + "/subscription", None),
    (Action.VIEW_SUBSCRIPTION, READ, API + "/seats", None),
    (Action.VIEW_SUBSCRIPTION, READ, API + "/seats/le-chat-team", None),
    (Action.CHANGE_SUBSCRIPTION, PATCH, API + "/seats/le-chat-team", {"purchased": 12}),
    (Action.VIEW_MEMBERS, READ, API + "/invitations", None),
    (Action.INVITE, WRITE, API + "/invitations", {"email": "new@example.com"}),
    (Action.VIEW_MEMBERS, READ, API + "/invitations/{invitation}", None),
    (Action.INVITE, WRITE, API + "/invitations/bulk", {"emails": ["new@example.com"]}),
    (Action.EDIT_INVITATION, PATCH, API + "/invitations/{invitation}", {"role": "billing"}),
    (Action.VIEW_DELIVERIES, READ, API + "/invitations/{invitation}/deliveries", None),
    (Action.RESEND, WRITE, API + "/invitations/{invitation}/resend", None),
    (Action.REVOKE, WRITE, API + "/invitations/{invitation}/revoke", None),
    (Action.RESEND, WRITE, API + "/invitations/bulk-resend", {"invitations": ["{invitation}"]}),
    (Action.REVOKE, WRITE, API + "/invitations/bulk-revoke", {"invitations": ["{invitation}"]}),
    (Action.VIEW_AUDIT, READ, API + "/jobs/{job}", None),
    (Action.INVITE, DELETE, API + "/jobs/{job}", None),
    (Action.MANAGE_API_KEYS, READ, API + "/api-keys", None),
    (Action.MANAGE_API_KEYS, WRITE, API + "/api-keys", {"name": "Nightly sync"}),
    (Action.MANAGE_API_KEYS, DELETE, API + "/api-keys/{key}", None),
]
OPEN_CALLS = [(READ, "/api/v1/workspaces"), (READ, API)]
"""Calls that ask for no action: whoever belongs to a workspace may know of it."""
ROWS = [("page", *row) for row in [*PAGES.items(), *PAGES_BESIDE]] + [("api", action, call) for action, *call in CALLS]
ELSEWHERE = {
    Action.VIEW_ENTITLEMENTS: "for programs: no page asks it",
}


OWN_PAGES = ["/profile/erasure/", "/profile/data/", "/profile/data.json"]
"""Pages about the own account ask for no role, only for a fresh proof; no call of the API does what they do."""


@pytest.mark.parametrize("path", OWN_PAGES)
@pytest.mark.parametrize("role", [*Role, None])
def test_everybody_decides_about_their_own_account(role, path, acme, client, client_for, alice, bob, carol):
    browser = client_for(caller_of(role, alice, bob, carol)) if role else client
    door = "/accounts/reauthenticate/" if role else "/accounts/login/"
    answer = browser.get(path)
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, door)
    if role:
        browser.post(door, {"password": "workspace-demo"})
        assert browser.get(path).status_code == 200


def test_every_action_has_a_row():
    assert set(Action) == set(PAGES) | set(ELSEWHERE)
    assert set(ROLE_TABLE) == set(Action)


@pytest.fixture(autouse=True)
def _self_service(settings):
    """Let Admin and Billing change plan and seats themselves."""
    settings.SELF_SERVICE_SEATS = True


@pytest.fixture(scope="module")
def workspaces(_standing, hashed, django_db_blocker):
    """Acme, with an extra Admin so that anyone may leave; Globex, alike."""
    made = {}
    with django_db_blocker.unblock():
        for slug, owner in (("acme", "alice"), ("globex", "dana")):
            workspace = stand(slug, hashed)
            host = actor_for(User.objects.get(email=f"{owner}@{slug}.example"), slug)
            for name, role, seats in (
                ("second", Role.ADMIN, ()),
                ("target", Role.MEMBER, ()),
                ("holder", Role.MEMBER, (cast.CHAT,)),
            ):
                cast.join(host, add(f"{name}@{slug}.example", "", hashed), role, seats)
            [answer] = invite(host, [f"pending@{slug}.example"])
            made[slug] = SimpleNamespace(
                slug=slug,
                member=workspace.memberships.get(email=f"target@{slug}.example").id,
                holder=workspace.memberships.get(email=f"holder@{slug}.example").id,
                invitee=answer.invitation.membership_id,
                invitation=answer.invitation.id,
                key=create_key(host, name="To be revoked", scope="read")[0].id,
                job=jobs.start(host, Action.INVITE, "invitations.invite", [{"email": "later@example.com"}], {}).id,
            )
        Invitation.objects.update(sent_at="2026-01-01T00:00:00Z")
    return made


def with_ids(body, ids):
    """Return the body as JSON, with the ids that it names."""
    text = json.dumps(body or {})
    for name in ("member", "invitation"):
        text = text.replace(f"{{{name}}}", str(ids[name]))
    return text


def ask(client, method, path, body, **ids):
    url = path.format(**ids)
    if path.startswith(API):
        text = with_ids(body, ids)
        return client.get(url) if method == READ else client.generic(method.upper(), url, text, JSON)
    return getattr(client, method)(url, {name: value.format(**ids) for name, value in body.items()})


def caller_of(role, alice, bob, carol):
    return {Role.ADMIN: alice, Role.MEMBER: bob, Role.BILLING: carol}[role]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("face", "action", "request_"), [(face, action, row) for face, action, row in ROWS])
def test_a_role_may_do_what_the_table_says(face, action, request_, role, workspaces, client_for, alice, bob, carol):
    client = client_for(caller_of(role, alice, bob, carol))
    response = ask(client, *request_, **vars(workspaces["acme"]))
    if role in ROLE_TABLE[action]:
        assert response.status_code < 400, response.content
    else:
        assert response.status_code == 403
        assert b"Admin" in response.content


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("face", "action", "request_"), [(face, action, row) for face, action, row in ROWS])
def test_another_workspace_looks_nonexistent(face, action, request_, role, workspaces, client_for, person, bob, carol):
    outsider = person("second@acme.example") if role == Role.ADMIN else caller_of(role, None, bob, carol)
    response = ask(client_for(outsider), *request_, **vars(workspaces["globex"]))
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("face", "action", "request_"),
    [row for row in ROWS if any(name in str(row) for name in ("{member}", "{invit", "{key}", "{job}"))],
)
def test_a_foreign_id_under_ones_own_workspace_looks_nonexistent(face, action, request_, workspaces, client_for, alice):
    ids = {**vars(workspaces["globex"]), "slug": "acme"}
    assert ask(client_for(alice), *request_, **ids).status_code == 404


@pytest.mark.parametrize(("face", "action", "request_"), ROWS)
def test_a_stranger_is_asked_to_sign_in(face, action, request_, workspaces, client):
    response = ask(client, *request_, **vars(workspaces["acme"]))
    if face == "api":
        assert response.status_code == 401
        assert response["WWW-Authenticate"]
    else:
        assert response.status_code == 302
        assert "/accounts/login/" in response["Location"]


def test_a_demotion_is_in_force_at_the_next_request(workspaces, client_for, alice, acme):
    client = client_for(alice)
    assert client.get("/w/acme/members/").status_code == 200
    acme.memberships.filter(user=alice).update(role=Role.MEMBER)
    assert client.get("/w/acme/members/").status_code == 403
    acme.memberships.filter(user=alice).delete()
    assert client.get("/w/acme/members/").status_code == 404
