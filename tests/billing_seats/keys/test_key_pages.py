"""The page of API keys: who sees it, what it shows once, and what its buttons do."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from billing_seats.keys import services
from billing_seats.models import Plan, Subscription
from members.access import actor_for
from members.models import ApiKey, AuditEvent, Role
from workspace_admin.demo import cast

pytestmark = pytest.mark.usefixtures("every_workspace")

LIST = "/w/acme/api-keys/"
NEW = f"{LIST}new/"
FORM = {"name": "Nightly sync", "scope": "write", "days": "90"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def key(as_alice) -> ApiKey:
    return services.create_key(as_alice, name="Nightly sync", scope="read")[0]


@pytest.fixture
def second(person, as_alice):
    user = person("second@acme.example", "Second Admin")
    cast.join(as_alice, user, Role.ADMIN)
    return user


def _link(name, key):
    return reverse(name, args=["acme", key.id])


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_a_key_is_made_shown_once_and_works(client_for, alice, headers, client):
    answer = client_for(alice).post(NEW, FORM, headers=headers)
    assert answer.status_code == 200
    [text] = re.findall(r"wsk_[0-9a-f]{32}_[0-9a-f]{64}", answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    made = ApiKey.objects.get()
    assert (made.name, made.scope, made.created_by) == ("Nightly sync", "write", alice)
    assert ApiKey.objects.filter(expires_at__range=(Now() + timedelta(days=89), Now() + timedelta(days=91))).exists()
    called = client.get("/api/v1/workspaces/acme/members", headers={"Authorization": f"Bearer {text}"})
    assert called.status_code == 200
    page = client_for(alice).get(LIST).content.decode()
    assert "Nightly sync" in page
    assert text.rpartition("_")[2] not in page


def test_a_key_may_have_no_end(client_for, alice):
    client_for(alice).post(NEW, {**FORM, "days": "never"})
    assert ApiKey.objects.get().expires_at is None


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "a\nb"}, {"scope": "admin"}, {"scope": ""}, {"days": "7000"}, {"days": ""}]
)
def test_what_is_wrong_is_said_beside_the_field(client_for, alice, wrong):
    answer = client_for(alice).post(NEW, {**FORM, **wrong})
    assert answer.status_code == 400
    [name] = wrong
    assert list(answer.context["form"].errors) == [name]
    assert not ApiKey.objects.exists()


def test_only_admins_come_in(client_for, bob, carol, dana, key):
    for person, status in ((bob, 403), (carol, 403), (dana, 404)):
        client = client_for(person)
        answers = [client.get(LIST), client.get(NEW), client.post(NEW, FORM)]
        answers += [client.post(_link(f"api-key-{act}", key)) for act in ("revocation", "takeover")]
        answers += [client.get(_link(f"api-key-{act}", key)) for act in ("revocation", "takeover")]
        assert {answer.status_code for answer in answers} == {status}
    key.refresh_from_db()
    assert key.revoked_at is None
    assert ApiKey.objects.count() == 1


def test_revoking_asks_first_naming_what_stops(client_for, alice, key):
    client = client_for(alice)
    asked = client.get(_link("api-key-revocation", key))
    assert b"Nightly sync" in asked.content
    assert b"never used" in asked.content
    key.refresh_from_db()
    assert key.revoked_at is None
    done = client.post(_link("api-key-revocation", key), follow=True)
    assert "API key “Nightly sync” revoked." in done.content.decode()
    assert done.context["rows"] == []
    assert client.get(_link("api-key-revocation", key)).status_code == 404
    assert client.post(_link("api-key-revocation", key)).status_code == 404


def test_htmx_gets_the_list_without_the_key_and_a_closed_dialog(client_for, alice, key):
    answer = client_for(alice).post(_link("api-key-revocation", key), headers=HTMX)
    text = answer.content.decode()
    assert '<div id="dialog" hx-swap-oob="innerHTML"></div>' in text
    assert f"key-{key.id}" not in text
    assert "<html" not in text


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_a_stopped_key_says_so_and_is_taken_over_with_a_secret_shown_once(
    client_for, client, second, key, acme, alice, headers
):
    acme.memberships.filter(user=alice).update(role=Role.MEMBER)
    admin = client_for(second)
    assert b"no longer an active Admin" in admin.get(LIST).content
    taken = admin.post(_link("api-key-takeover", key), headers=headers)
    assert "You now own “Nightly sync”" in taken.content.decode()
    assert "no-store" in taken["Cache-Control"]
    [text] = re.findall(r"wsk_[0-9a-f]{32}_[0-9a-f]{64}", taken.content.decode())
    called = client.get("/api/v1/workspaces/acme/members", headers={"Authorization": f"Bearer {text}"})
    assert called.status_code == 200
    listed = admin.get(LIST)
    [row] = listed.context["rows"]
    assert (row["key"].status, row["is_mine"]) == ("working", True)
    assert b"Take over" not in listed.content
    assert text.rpartition("_")[2] not in listed.content.decode()
    assert AuditEvent.objects.filter(action="api_key.taken_over", actor_id=second.id).count() == 1


def test_taking_over_asks_first_saying_that_the_secret_changes(client_for, second, key, alice):
    digest = bytes(key.digest)
    asked = client_for(second).get(_link("api-key-takeover", key))
    assert b"The current secret stops working immediately" in asked.content
    key.refresh_from_db()
    assert (key.created_by, bytes(key.digest)) == (alice, digest)


def test_a_second_submit_of_a_takeover_keeps_the_secret_that_was_shown(client_for, client, second, key):
    admin = client_for(second)
    taken = admin.post(_link("api-key-takeover", key))
    [text] = re.findall(r"wsk_[0-9a-f]{32}_[0-9a-f]{64}", taken.content.decode())
    assert admin.post(_link("api-key-takeover", key)).status_code == 400
    called = client.get("/api/v1/workspaces/acme/members", headers={"Authorization": f"Bearer {text}"})
    assert called.status_code == 200


def test_without_the_plan_the_page_says_which_has_it(client_for, alice, key, acme):
    Subscription.objects.filter(workspace=acme).update(plan=Plan.PRO)
    client = client_for(alice)
    page = client.get(LIST)
    assert page.status_code == 200
    assert b"Team and Enterprise" in page.content
    assert b'aria-disabled="true"' in page.content
    for answer in (client.get(NEW), client.post(NEW, FORM)):
        assert answer.status_code == 403
    assert ApiKey.objects.count() == 1
    assert client.post(_link("api-key-revocation", key), follow=True).context["rows"] == []


def test_a_foreign_key_looks_nonexistent(client_for, alice, globex, dana):
    foreign = services.create_key(actor_for(dana, "globex"), name="Theirs", scope="read")[0]
    client = client_for(alice)
    assert b"Theirs" not in client.get(LIST).content
    for act in ("revocation", "takeover"):
        assert client.post(_link(f"api-key-{act}", foreign)).status_code == 404
    assert ApiKey.objects.get(revoked_at=None).created_by == dana


def test_the_list_has_pages(client_for, alice, as_alice, monkeypatch):
    monkeypatch.setattr("billing_seats.keys.views.LIMIT", 2)
    made = [services.create_key(as_alice, name=f"Key {number}", scope="read")[0].id for number in range(3)]
    client = client_for(alice)
    first = client.get(LIST)
    second = client.get(LIST, {"cursor": first.context["next"]})
    assert [row["key"].id for row in [*first.context["rows"], *second.context["rows"]]] == made[::-1]
    assert client.get(LIST, {"cursor": "nonsense"}).status_code == 400


def test_the_page_costs_the_same_however_many_keys_there_are(
    client_for, alice, as_alice, django_assert_max_num_queries
):
    for number in range(12):
        services.create_key(as_alice, name=f"Key {number}", scope="read")
    client = client_for(alice)
    client.get(LIST)
    with django_assert_max_num_queries(8):
        client.get(LIST)
