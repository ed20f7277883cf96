"""How many calls a key may make a minute, and how it is told."""

import pytest
from django.db import connection

from members.models import CallCount
from tests.api_clients import problem
from tests.racing import race

pytestmark = pytest.mark.usefixtures("every_workspace")

PATH = "/workspaces/acme/members"


def _later(seconds):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE members_callcount SET since = since - make_interval(secs => %s)", [seconds])


@pytest.fixture
def few(settings):
    settings.API_CALLS_PER_MINUTE = 3


def test_a_key_may_make_six_hundred_calls_a_minute(key_of, as_alice):
    answer = key_of(as_alice).get(PATH)
    assert answer["RateLimit-Policy"] == '"minute";q=600;w=60'
    assert answer["RateLimit"] == '"minute";r=599;t=60'


@pytest.mark.usefixtures("few")
def test_one_call_too_many_says_when_to_come_back(key_of, as_alice):
    program = key_of(as_alice)
    assert [program.get(PATH)["RateLimit"].partition(";t")[0][-1] for _ in range(3)] == ["2", "1", "0"]
    _later(20)
    refused = program.get(PATH)
    assert problem(refused) == (429, "rate_limited")
    assert 38 <= int(refused["Retry-After"]) <= 40
    assert refused["RateLimit"].startswith('"minute";r=0;t=')
    _later(40)
    assert program.get(PATH).status_code == 200


@pytest.mark.usefixtures("few")
def test_refused_calls_are_told_and_counted_too(key_of, as_alice):
    program = key_of(as_alice, scope="read")
    answers = [program.get("/workspaces/nowhere/members"), program.post("/workspaces/acme/invitations", {"email": "x"})]
    assert [answer.status_code for answer in answers] == [404, 403]
    assert [answer["RateLimit"].partition(";t")[0] for answer in answers] == ['"minute";r=2', '"minute";r=1']


@pytest.mark.usefixtures("few")
def test_what_is_too_much_for_one_key_is_not_for_another(key_of, as_alice, api, alice):
    first, second = key_of(as_alice), key_of(as_alice)
    for _ in range(4):
        refused = first.get(PATH)
    assert refused.status_code == 429
    assert second.get(PATH).status_code == 200
    session = [api(alice).get(PATH) for _ in range(5)]
    assert {answer.status_code for answer in session} == {200}
    assert "RateLimit" not in session[0].headers


@pytest.mark.usefixtures("few")
def test_who_does_not_know_the_secret_uses_nothing_up(key_of, as_alice, client):
    program = key_of(as_alice)
    wrong = program.text[:-8] + "00000000"
    for _ in range(5):
        assert client.get(f"/api/v1{PATH}", headers={"Authorization": f"Bearer {wrong}"}).status_code == 401
    assert not CallCount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_not_one_too_many_however_many_call_at_once(key_of, as_alice, settings):
    settings.API_CALLS_PER_MINUTE = 20
    program = key_of(as_alice)
    answers = race(*[lambda: program.get(PATH).status_code for _ in range(50)])
    assert sorted(answers) == [200] * 20 + [429] * 30


def test_counting_writes_no_log(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'members_callcount'")
        assert cursor.fetchone() == ("u",)
