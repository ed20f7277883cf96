"""The same POST many times at one moment, and a process that dies in the middle of one."""

import multiprocessing
import os
import signal
import threading

import pytest
from django.db import connection, transaction

from invitations.models import Delivery, Invitation
from members.models import AuditEvent, KeptAnswer
from members.rest import idempotency
from members.rest.resource import Resource
from tests.api_clients import problem
from tests.racing import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("every_workspace")]
PATH = "/workspaces/acme/invitations"
ADA = {"email": "ada@example.com"}


def _post(caller, key="one"):
    return caller.send("POST", PATH, ADA, **{"Idempotency-Key": key})


@pytest.mark.parametrize("face", ["session", "key"])
def test_fifty_at_once_make_one_invitation_and_one_mail(api, key_of, as_alice, alice, face):
    callers = [api(alice) for _ in range(50)]
    if face == "key":
        text = key_of(as_alice).text
        for caller in callers:
            caller.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    answers = race(*(lambda caller=caller: _post(caller) for caller in callers))
    assert [answer.status_code for answer in answers] == [201] * 50
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 49
    assert Invitation.objects.filter(email=ADA["email"]).count() == 1
    assert Delivery.objects.filter(recipient=ADA["email"]).count() == 1
    assert AuditEvent.objects.filter(action="invitation.created", target_label=ADA["email"]).count() == 1


def test_a_repetition_while_the_first_is_running_is_told_to_wait(api, alice):
    held, done = threading.Event(), threading.Event()
    caller = api(alice)
    probe = idempotency.request_key(alice.id, "one", path=f"/api/v1{PATH}", body=ADA)

    def hold():
        with transaction.atomic():
            idempotency.claim(probe)
            held.set()
            done.wait(20)
            transaction.set_rollback(True)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    refused = _post(caller)
    done.set()
    thread.join()
    assert problem(refused) == (409, "idempotency_in_progress")
    assert int(refused["Retry-After"]) >= 1
    assert _post(caller).status_code == 201
    connection.close()


def _dies(*_args, **_kwargs):
    os.kill(os.getpid(), signal.SIGKILL)


POINTS = {
    "before the answer is kept": (idempotency, "store", 0),
    "before the answer is sent": (Resource, "finalize_response", 1),
}


@pytest.mark.parametrize("point", POINTS)
def test_who_repeats_after_a_crash_gets_one_invitation(api, alice, point, monkeypatch):
    place, name, kept = POINTS[point]
    caller = api(alice)
    connection.close()
    with monkeypatch.context() as patch:
        patch.setattr(place, name, _dies)
        process = multiprocessing.get_context("fork").Process(target=_post, args=[caller])
        process.start()
        process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert KeptAnswer.objects.count() == Invitation.objects.filter(email=ADA["email"]).count() == kept
    again = _post(caller)
    assert again.status_code == 201
    assert ("Idempotency-Replayed" in again.headers) == bool(kept)
    assert Invitation.objects.filter(email=ADA["email"]).count() == 1
    assert Delivery.objects.filter(recipient=ADA["email"]).count() == 1
