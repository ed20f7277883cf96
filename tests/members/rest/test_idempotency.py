"""POSTs that are repeated: the work is done once, and the first answer is given again."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats.models import Notice
from invitations.models import Delivery, Invitation
from members.errors import DomainError
from members.models import KeptAnswer, Role
from members.rest import idempotency
from tests.api_clients import fields, problem
from workspace_admin.demo import cast

pytestmark = pytest.mark.usefixtures("every_workspace")

PATH = "/workspaces/acme/invitations"
ADA = {"email": "ada@example.com"}


def _post(caller, path=PATH, body=ADA, key="one"):
    return caller.send("POST", path, body, **{"Idempotency-Key": key})


def _sent():
    return Delivery.objects.filter(recipient=ADA["email"]).count()


@pytest.mark.parametrize("face", ["session", "key"])
def test_a_repetition_is_answered_as_the_first_was(api, key_of, as_alice, alice, face):
    caller = api(alice) if face == "session" else key_of(as_alice)
    first, second = _post(caller), _post(caller)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first["ETag"] == second["ETag"]
    assert second["Content-Type"] == "application/json"
    assert "Idempotency-Replayed" not in first.headers
    assert second["Idempotency-Replayed"] == "true"
    assert _sent() == 1


def test_the_same_request_may_be_written_otherwise(api, alice):
    caller = api(alice)
    assert _post(caller, body={"email": "ada@example.com", "role": "member"}).status_code == 201
    again = _post(caller, body={"role": "member", "email": "ada@example.com"})
    assert again["Idempotency-Replayed"] == "true"


def test_another_request_under_the_same_key_is_a_conflict(api, alice, as_alice):
    caller = api(alice)
    made = _post(caller).json()
    others = (
        _post(caller, body={"email": "grace@example.com"}),
        _post(caller, f"{PATH}/{made['id']}/revoke", None),
        _post(caller, f"/workspaces/{as_alice.workspace.id}/invitations"),
    )
    for answer in others:
        assert problem(answer) == (409, "idempotency_conflict")
    assert Invitation.objects.get(id=made["id"]).status == "pending"
    assert not Invitation.objects.filter(email="grace@example.com").exists()


def test_keys_of_two_callers_are_not_the_same(api, key_of, as_alice, alice, person):
    second = person("second@acme.example")
    cast.join(as_alice, second, Role.ADMIN)
    callers = [api(alice), api(second), key_of(as_alice), key_of(as_alice)]
    answers = [_post(caller, body={"email": f"a{number}@example.com"}) for number, caller in enumerate(callers)]
    assert [answer.status_code for answer in answers] == [201] * 4


def test_a_refusal_that_is_the_outcome_is_kept(api, alice, bob):
    caller = api(alice)
    first, second = (_post(caller, body={"email": bob.email}) for _ in range(2))
    assert problem(first) == problem(second) == (409, "already_member")
    assert second["Idempotency-Replayed"] == "true"
    assert first.content == second.content


def test_admins_are_told_of_a_refusal_that_is_kept(api, alice, acme):
    acme.seat_pools.update(purchased=0)
    caller = api(alice)
    for _ in range(2):
        refused = _post(caller, body={**ADA, "seats": [cast.CODE]})
        assert problem(refused) == (409, "seats_exhausted")
        assert refused["Content-Type"] == "application/problem+json"
    assert Notice.objects.filter(kind="refused", recipient=alice.email).count() == 1
    assert acme.seat_pools.get(product__slug=cast.CODE).refused_since is not None


def test_what_was_refused_before_the_work_may_be_mended(api, alice):
    caller = api(alice)
    assert fields(_post(caller, body={"email": "ada@example.com", "role": "owner"})) == ["role"]
    assert fields(_post(caller, body={"email": "nonsense"})) == ["email"]
    assert not KeptAnswer.objects.exists()
    assert _post(caller).status_code == 201


def test_too_soon_is_not_kept(api, alice):
    caller = api(alice)
    made = _post(caller).json()
    resend = f"{PATH}/{made['id']}/resend"
    assert problem(_post(caller, resend, None, key="two")) == (429, "rate_limited")
    Invitation.objects.update(sent_at=Now() - timedelta(minutes=2))
    again = _post(caller, resend, None, key="two")
    assert (again.status_code, again.json()["sent_count"]) == (200, 2)
    assert _post(caller, resend, None, key="two").json()["sent_count"] == 2


def test_an_answer_is_kept_for_a_day(api, alice):
    caller = api(alice)
    assert _post(caller).status_code == 201
    KeptAnswer.objects.update(created_at=Now() - timedelta(hours=23, minutes=59))
    assert _post(caller)["Idempotency-Replayed"] == "true"
    KeptAnswer.objects.update(created_at=Now() - timedelta(hours=24, seconds=1))
    again = _post(caller, body={"email": "grace@example.com"})
    assert again.status_code == 201
    assert "Idempotency-Replayed" not in again.headers
    assert _post(caller, body={"email": "grace@example.com"})["Idempotency-Replayed"] == "true"


def test_old_answers_are_forgotten(api, alice):
    caller = api(alice)
    _post(caller)
    _post(caller, body={"email": "grace@example.com"}, key="two")
    KeptAnswer.objects.filter(key="one").update(created_at=Now() - timedelta(hours=25))
    assert idempotency.delete_expired() == 1
    assert KeptAnswer.objects.get().key == "two"


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "é", "a\tb", "a\x00b", "a\x7f"])
def test_what_is_no_key_is_refused_by_name(api, alice, key):
    assert fields(_post(api(alice), key=key)) == ["Idempotency-Key"]
    assert _sent() == 0


def test_every_printable_key_will_do(api, alice):
    for number, key in enumerate(("x", "x" * 255, "'; drop table --", '{"a": 1}', "%00", "~!@#$%^&*()")):
        assert _post(api(alice), body={"email": f"a{number}@example.com"}, key=key).status_code == 201


def test_a_body_nested_beyond_reason_is_refused(client_for, alice):
    nested = b'{"email": ' + b"[" * 500 + b"]" * 500 + b"}"
    answer = client_for(alice).generic(
        "POST", f"/api/v1{PATH}", nested, "application/json", headers={"Idempotency-Key": "one"}
    )
    assert problem(answer) == (400, "invalid_request")


def test_who_may_ask_no_more_is_not_answered_again(api, alice, as_alice, person, acme):
    cast.join(as_alice, person("second@acme.example"), Role.ADMIN)
    caller = api(alice)
    assert _post(caller).status_code == 201
    acme.memberships.filter(user=alice).update(role=Role.MEMBER)
    assert problem(_post(caller)) == (403, "permission_denied")
    acme.memberships.filter(user=alice).delete()
    assert problem(_post(caller)) == (404, "not_found")


def test_the_secret_of_a_new_key_is_not_kept(api, alice):
    path, body = "/workspaces/acme/api-keys", {"name": "Nightly sync"}
    first, second = (_post(api(alice), path, body).json() for _ in range(2))
    secret = first.pop("secret")
    assert secret.startswith("wsk_")
    assert secret.rpartition("_")[2].encode() not in bytes(KeptAnswer.objects.get().body)
    assert second.pop("secret") is None
    assert first == second
    assert len(api(alice).get(path).json()["data"]) == 1


def test_other_methods_take_no_notice_of_the_key(api, alice):
    caller = api(alice)
    for _ in range(2):
        answer = caller.send("GET", PATH, None, **{"Idempotency-Key": "one"})
        assert "Idempotency-Replayed" not in answer.headers
    assert not KeptAnswer.objects.exists()


@pytest.fixture
def request_key(alice):
    return idempotency.request_key(alice.id, "bulk", path="/x", body={})


def test_parts_that_were_done_are_not_done_again(request_key):
    done = []

    def work(number):
        return lambda: done.append(number) or {"part": number}

    assert idempotency.run_part(request_key, 1, work(1)) == ({"part": 1}, False)
    with pytest.raises(ZeroDivisionError):
        idempotency.run_part(request_key, 2, lambda: done.append(2) or 1 / 0)
    assert idempotency.run_part(request_key, 1, work(1)) == ({"part": 1}, True)
    assert idempotency.run_part(request_key, 2, work(2)) == ({"part": 2}, False)
    assert idempotency.run_part(None, 1, work(3)) == ({"part": 3}, False)
    assert done == [1, 2, 2, 3]


def test_parts_of_another_request_under_the_same_key_are_a_conflict(request_key, alice):
    idempotency.run_part(request_key, 1, dict)
    other = idempotency.request_key(alice.id, "bulk", path="/x", body={"other": 1})
    with pytest.raises(DomainError) as refused:
        idempotency.run_part(other, 1, dict)
    assert refused.value.code == "idempotency_conflict"


def test_every_post_of_the_api_may_be_repeated(api_views):
    posts = {view.__name__: view.post for view in api_views if hasattr(view, "post")}
    assert posts
    assert {name for name, post in posts.items() if not hasattr(post, "__wrapped__")} == set()
