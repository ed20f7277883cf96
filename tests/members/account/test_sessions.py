"""Where one is signed in: listed in words on the profile, and ended from there."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DjangosStore
from django.contrib.sessions.models import Session as DjangosSession
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from members.account.sessions import describe, sign_ins
from members.models import Session, User
from members.services import end_sessions
from members.session_store import SessionStore

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
AGENTS = {
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36": "Chrome on Windows",
    f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge on Windows",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/18.0 Safari/605.1.15": "Safari on macOS",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) {WEBKIT} CriOS/140.0 Safari/604.1": "Chrome on iPhone",
    f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36": "Chrome on Android",
    f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/140.0.0.0 Safari/537.36": "Chrome on ChromeOS",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox on Linux",
    "curl/8.9.1": "Unknown device",
    "": "Unknown device",
}
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
OTHERS = "/profile/sessions/others/departure/"


@pytest.fixture
def signed_in(client_for):
    """A browser that is signed in, and has been used."""

    def enter(user: User, agent: str = DESK) -> Client:
        client = client_for(user, headers={"User-Agent": agent})
        client.get("/profile/")
        return client

    return enter


def listed(client: Client) -> list[tuple[str, bool]]:
    return [(one.device, one.here) for one in client.get("/profile/").context["sign_ins"]]


def name_of_other(client: Client) -> str:
    return next(one.name for one in client.get("/profile/").context["sign_ins"] if not one.here)


def is_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


def test_the_profile_lists_own_sessions_this_one_first(signed_in, bob, alice):
    here = signed_in(bob)
    signed_in(bob, PHONE)
    signed_in(alice)
    assert listed(here) == [("Firefox on Windows", True), ("Safari on iPhone", False)]
    page = here.get("/profile/").content.decode()
    assert "This browser" in page
    assert "Sign out Safari on iPhone" in page


def test_a_session_is_listed_from_the_moment_of_the_sign_in(client, signed_in, bob):
    client.post("/", {"login": bob.email, "password": "workspace-demo"})
    assert listed(signed_in(bob)) == [("Firefox on Windows", True), ("Unknown device", False)]


def test_the_page_tells_no_key_of_a_session(signed_in, bob):
    here, phone = signed_in(bob), signed_in(bob, PHONE)
    page = here.get("/profile/").content.decode()
    assert here.session.session_key not in page
    assert phone.session.session_key not in page


def test_another_session_is_signed_out_and_the_others_stay(signed_in, bob):
    phone, desk = signed_in(bob, PHONE), signed_in(bob)
    here = signed_in(bob)
    Session.objects.filter(pk=phone.session.session_key).update(seen_at=Now() + timedelta(minutes=1))
    assert here.post(f"/profile/sessions/{name_of_other(here)}/departure/")["Location"] == "/profile/"
    assert not is_in(phone)
    assert is_in(desk)
    assert is_in(here)


def test_signing_out_everywhere_else_keeps_this_one_and_other_peoples(signed_in, bob, alice):
    phone, here, hers = signed_in(bob, PHONE), signed_in(bob), signed_in(alice)
    page = here.post(OTHERS, follow=True)
    assert b"Signed out everywhere else" in page.content
    assert b"Sign out everywhere else" not in page.content
    assert not is_in(phone)
    assert is_in(here)
    assert is_in(hers)


def test_a_session_of_somebody_else_stays(signed_in, bob, alice):
    hers, phone = signed_in(alice), signed_in(alice, PHONE)
    name = name_of_other(hers)
    signed_in(bob).post(f"/profile/sessions/{name}/departure/")
    assert is_in(phone)
    hers.post(f"/profile/sessions/{name}/departure/")
    assert not is_in(phone)


@pytest.mark.parametrize("path", [OTHERS, "/profile/sessions/abc/departure/"])
def test_sessions_end_by_a_post_of_who_is_signed_in(path, signed_in, client, bob):
    phone = signed_in(bob, PHONE)
    assert signed_in(bob).get(path).status_code == 405
    assert client.post(path)["Location"].startswith("/accounts/login/")
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(bob, settings.AUTHENTICATION_BACKENDS[0])
    assert forged.post(path).status_code == 403
    assert is_in(phone)


def test_the_session_in_use_is_not_ended_by_its_own_name(signed_in, bob):
    here = signed_in(bob)
    [one] = here.get("/profile/").context["sign_ins"]
    here.post(f"/profile/sessions/{one.name}/departure/")
    assert is_in(here)


def test_what_a_new_password_or_the_last_membership_ended_is_not_listed(signed_in, person):
    ada = person("ada@example.com")
    signed_in(ada, PHONE)
    here = signed_in(ada)
    new = {"oldpassword": "workspace-demo", "password1": "another-secret-8", "password2": "another-secret-8"}
    here.post("/accounts/password/change/", new)
    assert listed(here) == [("Firefox on Windows", True)]
    end_sessions([ada.id])
    assert sign_ins(User.objects.get(id=ada.id), None) == []


def test_an_expired_session_is_not_listed(signed_in, bob):
    phone, here = signed_in(bob, PHONE), signed_in(bob)
    Session.objects.filter(pk=phone.session.session_key).update(expire_date=Now())
    assert listed(here) == [("Firefox on Windows", True)]


def test_signing_out_takes_a_session_from_the_list(signed_in, bob):
    phone, here = signed_in(bob, PHONE), signed_in(bob)
    phone.post("/accounts/logout/")
    assert listed(here) == [("Firefox on Windows", True)]


def test_the_use_of_a_session_is_noted_every_ten_minutes_only(signed_in, bob, acme):
    here = signed_in(bob)
    row = Session.objects.get()
    here.get("/w/acme/")
    with CaptureQueriesContext(connection) as captured:
        here.get("/w/acme/")
    assert not [one["sql"] for one in captured if one["sql"].startswith(("UPDATE", "INSERT"))]
    assert Session.objects.get().seen_at == row.seen_at
    Session.objects.update(seen_at=Now() - timedelta(minutes=11))
    here.get("/w/acme/")
    assert Session.objects.get().seen_at > row.seen_at


def test_what_stands_beside_the_data_survives_a_change_of_it(signed_in, bob):
    here = signed_in(bob)
    before = Session.objects.get()
    here.post("/profile/", {"name": "Bob K.", "language": "fr"})
    here.post("/accounts/reauthenticate/", {"password": "workspace-demo"})
    after = Session.objects.get()
    assert after.session_data != before.session_data
    assert (after.user_id, after.agent, after.seen_at) == (bob.id, DESK, before.seen_at)


def test_the_list_costs_the_same_however_many_there_are(signed_in, bob):
    here = signed_in(bob)

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            here.get("/profile/")
        return len(captured)

    few = cost()
    for _ in range(5):
        signed_in(bob, PHONE)
    assert cost() == few


def test_an_odd_browser_is_kept_short_and_escaped(signed_in, bob):
    here = signed_in(bob, "<script>Firefox/1 " + "x" * 900)
    assert listed(here) == [("Firefox", True)]
    assert len(Session.objects.get().agent) == 300
    assert b"<script>Firefox" not in here.get("/profile/").content


@pytest.mark.parametrize(("agent", "words"), AGENTS.items())
def test_devices_are_told_in_words(agent, words):
    assert describe(agent) == words


def test_a_session_of_djangos_own_table_can_be_read(bob):
    """What the migration carries over is signed for a class of the same name."""
    old = DjangosStore()
    old["offer"] = 1
    old.save()
    row = DjangosSession.objects.get()
    carried = Session.objects.create(pk=row.pk, session_data=row.session_data, expire_date=row.expire_date)
    assert carried.get_decoded() == {"offer": 1}


def test_a_session_moves_to_another_key_whole(signed_in, bob):
    moved = SessionStore(signed_in(bob).session.session_key)
    old, held = moved.session_key, dict(moved.items())
    moved.cycle_key()
    moved.save()
    row = Session.objects.get(pk=moved.session_key)
    assert (row.user, describe(row.agent), row.get_decoded()) == (bob, "Firefox on Windows", held)
    assert not moved.exists(old)


def test_a_session_that_has_ended_does_not_live_on_under_another_key(signed_in, bob):
    key = signed_in(bob).session.session_key
    Session.objects.filter(pk=key).update(expire_date=Now())
    moved = SessionStore(key)
    moved.cycle_key()
    assert moved.session_key != key
    assert not Session.objects.get(pk=moved.session_key).get_decoded()


def test_a_session_that_ends_while_it_gets_another_key_does_not_live_on(signed_in, bob):
    moved = SessionStore(signed_in(bob).session.session_key)
    moved.cycle_key()
    Session.objects.all().delete()
    with pytest.raises(UpdateError):
        moved.save()
    assert not Session.objects.exists()


def test_a_new_key_is_written_with_the_data_by_one_statement(signed_in, bob, django_assert_num_queries):
    moved = SessionStore(signed_in(bob).session.session_key)
    moved.cycle_key()
    moved["offer"] = 1
    with django_assert_num_queries(1):
        moved.save()
    assert SessionStore(moved.session_key)["offer"] == 1


def test_a_stranger_who_sends_the_sign_in_form_twice_is_let_in_twice(bob):
    stranger = SessionStore()
    stranger["join"] = {}
    stranger.create()
    twice = [SessionStore(stranger.session_key), SessionStore(stranger.session_key)]
    for one in twice:
        one.cycle_key()
        one["_auth_user_id"] = str(bob.pk)
    for one in twice:
        one.save()
    assert len({stranger.session_key, *(one.session_key for one in twice)}) == 3
    assert [Session.objects.get(pk=one.session_key).user for one in twice] == [bob, bob]
    assert not stranger.exists(stranger.session_key)
