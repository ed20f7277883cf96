"""ETags: what has not changed is not sent again, and what has changed is not overwritten."""

import pytest
from django.db.models.functions import Now

from billing_seats.lifecycle.services import change_role
from invitations.inviting import invite
from invitations.models import Delivery
from tests.api_clients import problem
from tests.racing import race

pytestmark = pytest.mark.usefixtures("every_workspace")

MEMBERS = "/workspaces/acme/members"


@pytest.fixture
def path(acme, bob):
    return f"{MEMBERS}/{acme.memberships.get(user=bob).id}"


def _get(caller, path, tag):
    return caller.send("GET", path, None, **{"If-None-Match": tag})


def _patch(caller, path, tag, body=None):
    return caller.send("PATCH", path, body or {"role": "billing"}, **{"If-Match": tag})


@pytest.mark.parametrize("face", ["session", "key"])
def test_what_has_not_changed_is_not_sent_again(api, key_of, as_alice, alice, path, face):
    caller = api(alice) if face == "session" else key_of(as_alice)
    first = caller.get(path)
    tag = first["ETag"]
    assert tag == caller.get(path)["ETag"]
    assert not tag.startswith("W/")
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        same = _get(caller, path, known)
        assert (same.status_code, same.content, same["ETag"]) == (304, b"", tag)
        assert "Content-Type" not in same.headers
    for other in ('"x"', "nonsense", tag.strip('"')):
        assert _get(caller, path, other).content == first.content
    assert caller.client.head(f"/api/v1{path}", headers={"If-None-Match": tag}).status_code == 304


def test_a_change_gives_another_tag(api, alice, as_alice, path, acme, bob):
    caller = api(alice)
    before = caller.get(path)["ETag"]
    change_role(as_alice, acme.memberships.get(user=bob).id, "billing")
    after = _get(caller, path, before)
    assert after.status_code == 200
    assert after["ETag"] != before


def test_lists_have_tags_too_and_refusals_have_none(api, alice, bob):
    listed = api(alice).get(MEMBERS)
    assert _get(api(alice), MEMBERS, listed["ETag"]).status_code == 304
    refused = api(bob).get(MEMBERS)
    assert refused.status_code == 403
    assert "ETag" not in refused.headers


def test_an_invitation_made_has_the_tag_that_it_is_shown_with(api, alice):
    caller = api(alice)
    made = caller.post("/workspaces/acme/invitations", {"email": "ada@example.com"})
    assert _get(caller, f"/workspaces/acme/invitations/{made.json()['id']}", made["ETag"]).status_code == 304


def test_what_changes_by_itself_leaves_the_tag_as_it_is(api, alice, as_alice, path, acme, bob):
    caller = api(alice)
    [ada] = invite(as_alice, ["ada@example.com"])
    offer = f"/workspaces/acme/invitations/{ada.invitation.id}"
    for place, happens, body in (
        (path, lambda: acme.memberships.filter(user=bob).update(last_active_at=Now()), {"role": "billing"}),
        (
            offer,
            lambda: Delivery.objects.update(state="sent", outcome="delivered", outcome_at=Now(), sent_at=Now()),
            {"role": "billing"},
        ),
    ):
        before = caller.get(place)
        happens()
        after = caller.get(place)
        assert after.content != before.content
        assert after["ETag"] == before["ETag"]
        assert _patch(caller, place, before["ETag"], body).status_code == 200
        assert caller.get(place)["ETag"] != before["ETag"]
        assert problem(_patch(caller, place, before["ETag"], body)) == (412, "precondition_failed")


def test_what_was_changed_meanwhile_is_not_overwritten(api, alice, as_alice, path, acme, bob):
    caller = api(alice)
    seen = caller.get(path)["ETag"]
    change_role(as_alice, acme.memberships.get(user=bob).id, "admin")
    assert problem(_patch(caller, path, seen)) == (412, "precondition_failed")
    assert caller.get(path).json()["role"] == "admin"
    now = caller.get(path)["ETag"]
    changed = _patch(caller, path, now)
    assert (changed.status_code, changed.json()["role"]) == (200, "billing")
    assert changed["ETag"] == caller.get(path)["ETag"]


def test_a_weak_tag_is_no_proof(api, alice, path):
    caller = api(alice)
    seen = caller.get(path)["ETag"]
    for tag in (f"W/{seen}", '"x"', "nonsense", ""):
        assert problem(_patch(caller, path, tag)) == (412, "precondition_failed"), tag
    for tag in (f'"x", {seen}', "*"):
        assert _patch(caller, path, tag, {"role": "member"}).status_code == 200


def test_rights_go_before_tags(api, bob, carol, dana, path):
    assert problem(_patch(api(bob), path, '"x"')) == (403, "permission_denied")
    assert problem(_patch(api(carol), path, "*")) == (403, "permission_denied")
    assert problem(_patch(api(dana), path, "*")) == (404, "not_found")


@pytest.mark.django_db(transaction=True)
def test_of_twenty_who_saw_the_same_one_changes_it(api, alice, path):
    callers = [api(alice) for _ in range(20)]
    seen = callers[0].get(path)["ETag"]
    answers = race(*(lambda caller=caller: _patch(caller, path, seen).status_code for caller in callers))
    assert sorted(answers) == [200] + [412] * 19


def test_every_patch_of_the_api_heeds_tags(api_views):
    patches = {view.__name__: view.patch for view in api_views if hasattr(view, "patch")}
    assert patches
    assert {name for name, patch in patches.items() if not hasattr(patch, "__wrapped__")} == set()
