"""What holds for every answer: headers, whose address is believed, and refusals as pages and fragments."""

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse

from members.errors import RateLimited
from members.models import AuditEvent
from workspace_admin.error_responses import answer
from workspace_admin.middleware import TrustedProxies

pytestmark = pytest.mark.usefixtures("every_workspace")

HTMX = {"HX-Request": "true"}


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("path", ["/", "/w/acme/members/", "/w/nowhere/members/", "/nowhere/", "/api/v1/schema"])
def test_every_answer_carries_the_headers(client_for, alice, path):
    for client in (client_for(alice), Client()):
        headers = client.get(path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "camera=()" in headers["Permissions-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "no-store" in headers["Cache-Control"]
        assert headers["X-Request-ID"]


def _address(peer, forwarded, trusted):
    seen = []
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded})
    request.META["HTTP_X_FORWARDED_PROTO"] = "https"
    with override_settings(TRUSTED_PROXIES=trusted):
        TrustedProxies(lambda request: seen.append(request.META) or HttpResponse())(request)
    return seen[0]["REMOTE_ADDR"], seen[0].get("HTTP_X_FORWARDED_PROTO")


def test_a_forwarded_address_is_believed_from_trusted_proxies_only():
    assert _address("203.0.113.9", "198.51.100.1", ["10.0.0.0/8"]) == ("203.0.113.9", None)
    assert _address("203.0.113.9", "198.51.100.1", []) == ("203.0.113.9", None)
    assert _address("10.0.0.5", "198.51.100.1", ["10.0.0.0/8"]) == ("198.51.100.1", "https")
    assert _address("10.0.0.5", "6.6.6.6, 198.51.100.1, 10.0.0.7", ["10.0.0.0/8"]) == ("198.51.100.1", "https")
    assert _address("10.0.0.5", "6.6.6.6, rubbish", ["10.0.0.0/8"]) == ("10.0.0.5", "https")
    assert _address("", "198.51.100.1", ["10.0.0.0/8"]) == ("", None)


@pytest.mark.usefixtures("acme")
def test_a_refusal_is_a_page_to_readers_and_a_fragment_to_htmx(client_for, dana, bob):
    path = reverse("member-role", args=["acme", bob.id])
    page = client_for(dana).post(path, {"role": "admin"})
    toast = client_for(dana).post(path, {"role": "admin"}, headers=HTMX)
    dialog = client_for(dana).post(path, {"role": "admin"}, headers=HTMX | {"HX-Target": "dialog#dialog"})
    for answered in (page, toast, dialog):
        assert answered.status_code == 404
        assert b"There is nothing here" in answered.content
    assert b"<html" in page.content
    assert b"<html" not in toast.content + dialog.content
    assert toast["HX-Reswap"] == "none"
    assert "HX-Reswap" not in dialog.headers


@pytest.mark.usefixtures("acme", "globex")
def test_foreign_and_unknown_pages_look_alike(client_for, dana):
    foreign, unknown = (client_for(dana).get(reverse("members", args=[slug])) for slug in ("acme", "nowhere"))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.context["problem"].code == unknown.context["problem"].code == "not_found"


def test_a_form_without_its_token_says_what_to_do(client_for, alice):
    page = client_for(alice, enforce_csrf_checks=True).post(
        reverse("account_logout"), headers={"Referer": "http://testserver/x?a=1"}
    )
    assert page.status_code == 403
    assert b"Nothing was changed" in page.content
    assert b'href="/x?a=1"' in page.content


@pytest.mark.parametrize(
    "referer", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "http://testserver.evil.example/"]
)
def test_the_way_back_stays_on_this_site(client_for, alice, referer):
    client = client_for(alice, enforce_csrf_checks=True)
    page = client.post(reverse("account_logout"), headers={"Referer": referer})
    assert page.status_code == 403
    assert b"Go back</a>" not in page.content


def test_too_soon_says_how_long_to_wait():
    response = answer(RequestFactory().get("/api/v1/x"), RateLimited(retry_after=41.2))
    assert (response.status_code, response["Retry-After"]) == (429, "42")


def test_an_unknown_address_looks_the_same_in_development(client_for, alice):
    for debug in (True, False):
        with override_settings(DEBUG=debug):
            page = client_for(alice).get("/nowhere/")
            assert page.status_code == 404
            assert b"There is nothing here" in page.content
            moved = client_for(alice).get("/w/acme/members")
            assert (moved.status_code, moved.url) == (301, "/w/acme/members/")


@pytest.mark.usefixtures("acme")
def test_what_is_done_is_audited_under_the_request_named_in_the_answer(client_for, alice, acme):
    client = client_for(alice)
    path = f"/api/v1/workspaces/{acme.id}/invitations"
    answered = client.post(path, {"email": "ada@example.com"}, content_type="application/json")
    event = AuditEvent.objects.get(workspace_id=acme.id, action="invitation.created", target_label="ada@example.com")
    assert event.request_id == answered["X-Request-ID"]


@pytest.mark.usefixtures("acme")
def test_who_was_signed_out_meanwhile_comes_back_to_the_page_they_were_on(client_for, alice):
    path = reverse("member-role", args=["acme", alice.id])
    sign_in = f"{reverse('account_login')}?next=%2Fw%2Facme%2Fmembers%2F%3Ftab%3Dall"
    was_on = "http://testserver/w/acme/members/?tab=all"
    clicked = Client().post(path, {"role": "member"}, headers=HTMX | {"HX-Current-URL": was_on})
    assert (clicked.status_code, clicked["HX-Redirect"]) == (200, sign_in)
    sent = Client().post(path, {"role": "member"}, headers={"Referer": was_on})
    assert (sent.status_code, sent["Location"]) == (302, sign_in)
    forged = Client().post(path, {"role": "member"}, headers={"Referer": "https://evil.example/"})
    assert forged["Location"] == f"{reverse('account_login')}?next=%2F"
    opened = Client().get("/w/acme/members/?tab=all")
    assert opened["Location"] == f"{reverse('account_login')}?next=/w/acme/members/%3Ftab%3Dall"
    assert "HX-Redirect" not in client_for(alice).get("/w/acme/members/", headers=HTMX).headers
