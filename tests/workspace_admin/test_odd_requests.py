"""What no browser sends: whatever it is, it is never our mistake, and the answer says what is wrong."""

import pytest
from django.conf import settings

from workspace_admin.error_responses import way_back
from workspace_admin.wsgi import get_application

CODECS = ["hex", "rot13", "undefined", "idna", "utf-7", "utf-16", "unicode_escape", "zlib", "no-codec", "utf-8"]
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("path", ["/accounts/login/?next=%41%ff", "/join/?x=%41", "/api/v1/workspaces?x=%41"])
def test_a_query_is_text_whatever_is_claimed(codec, path, client, db):
    answer = client.generic("GET", path, b"", f"text/html; charset={codec}")
    assert answer.status_code < 500
    assert answer["Content-Security-Policy"]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("kind", [FORM, "multipart/form-data; boundary=x"])
def test_a_form_in_another_encoding_is_refused_in_words(codec, kind, client, db):
    body = b"login=a%40b.example&password=x"
    if kind != FORM:
        body = b'--x\r\nContent-Disposition: form-data; name="login"\r\n\r\na\r\n--x--\r\n'
    answer = client.generic("POST", "/accounts/login/", body, f"{kind}; charset={codec}")
    assert answer.status_code == (200 if codec == "utf-8" else 400)
    assert (b"Please check what was entered" in answer.content) == (codec != "utf-8")


@pytest.mark.parametrize("key", ['"aaaaaaaa\\000bbbbbbbb"', "é" * 9, "x" * 5000, "'; DROP TABLE"])
@pytest.mark.parametrize("path", ["/", "/profile/", "/join/", "/admin/", "/api/v1/workspaces"])
def test_a_cookie_that_is_no_sessions_is_as_good_as_none(key, path, client, db):
    answer = client.get(path, headers={"cookie": f"{settings.SESSION_COOKIE_NAME}={key}"})
    assert answer.status_code in {200, 302, 401, 404}


@pytest.mark.parametrize("path", ["/profile/sessions/others/departure/", "/join/new-link/", "/healthz/live"])
def test_an_address_that_is_only_sent_to_says_so_to_who_opens_it(path, client_for, bob):
    client = client_for(bob)
    answer = client.put(path) if "healthz" in path else client.get(path)
    assert answer.status_code == 405
    assert answer["Allow"]
    assert b"Not possible here" in answer.content


def part(name: str) -> str:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\ny\r\n'


BODIES = {
    "no UTF-8": (b"name=%ff%fe", FORM, 400),
    "half a letter": (b"name=%ed%a0%80", FORM, 400),
    "fields": (b"&".join(b"a=1" for _ in range(1500)), FORM, 413),
    "parts": ("".join(part(f"f{i}") for i in range(1500)) + "--x--", "multipart/form-data; boundary=x", 413),
    "files": (
        "".join(part(f'f{i}"; filename="a') for i in range(200)) + "--x--",
        "multipart/form-data; boundary=x",
        413,
    ),
    "headers": ("--x\r\n" + "X-A: b\r\n" * 20_000 + "\r\n--x--", "multipart/form-data; boundary=x", 400),
    "boundary": (b"x", "multipart/form-data; boundary=" + "x" * 5000, 400),
}


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(("body", "kind", "status"), BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_read_is_refused_in_words(body, kind, status, debug, client_for, bob, settings):
    settings.DEBUG = debug
    answer = client_for(bob).generic("POST", "/profile/", body, kind)
    assert answer.status_code == status
    assert b"Traceback" not in answer.content
    assert b'class="problem' in answer.content or b"<h1" in answer.content
    bob.refresh_from_db()
    assert bob.name == "Bob Keller"


@pytest.mark.parametrize("told", ["x" * 9000, "//evil.example/", ""])
def test_who_signs_in_again_comes_back_to_a_page_or_the_root(told, client, db):
    answer = client.get("/profile/", headers={"hx-request": "true", "hx-current-url": told})
    assert answer["HX-Redirect"] == "/accounts/login/?next=%2F"


def test_an_action_from_a_page_that_has_no_address_is_not_done(client_for, alice, acme, bob):
    member = acme.memberships.get(user=bob)
    headers = {"hx-request": "true", "hx-current-url": "http://[::1"}
    answer = client_for(alice).post(f"/w/acme/members/{member.id}/role/", {"role": "billing"}, headers=headers)
    assert answer.status_code == 400
    member.refresh_from_db()
    assert member.role == "member"


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/", "///evil.example"])
def test_the_way_back_stays_in_the_console(path, rf):
    request = rf.post("/w/acme/members/", headers={"referer": f"http://testserver{path}"})
    assert way_back(request).lstrip("/").startswith("evil")
    assert not way_back(request).startswith(("//", "/\\"))


@pytest.mark.parametrize("host", ["testserver", "evil.example"])
@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize(
    "path",
    ["/", "/nowhere", "/healthz/live", "/metrics", "/static/none.css", "/webhooks/email/x/", "/admin/", "/join/"],
)
def test_no_answer_lacks_a_header(path, secure, host, client, db, settings):
    settings.SECURE_SSL_REDIRECT, settings.DEBUG = True, False
    answer = client.get(path, secure=secure, headers={"host": host})
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert {"Permissions-Policy", "Cache-Control"} <= set(answer.headers)


@pytest.mark.parametrize("kind", [*(f"text/html; charset={codec}" for codec in CODECS), "text/" + "x" * 11_000])
def test_the_server_is_never_left_without_an_answer(kind, rf, db):
    environ = rf._base_environ(QUERY_STRING="next=%41%ff", PATH_INFO="/accounts/login/", CONTENT_TYPE=kind)
    told: list[str] = []
    body = get_application()(environ, lambda status, _headers: told.append(status))
    assert b"".join(body)
    assert told in (["200 OK"], ["400 Bad Request"])
