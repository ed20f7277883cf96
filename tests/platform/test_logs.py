"""What must not stand in a log."""

import pytest

from workspace_admin.logs import mask, without_secrets


@pytest.mark.parametrize(
    ("written", "logged"),
    [
        ("GET /join/0192.abc-DEF_9/", "GET /join/[hidden]/"),
        ("POST /join/decline/", "POST /join/decline/"),
        ("GET /join/", "GET /join/"),
        ("GET /accounts/password/reset/key/3-set-abc/", "GET /accounts/password/reset/key/[hidden]/"),
        ("GET /accounts/confirm-email/MQ:abc/", "GET /accounts/confirm-email/[hidden]/"),
        ("GET /?next=/profile/address/0192.ab9/", "GET /?next=/profile/address/[hidden]/"),
        (f"Bearer wsk_{'0a' * 16}_{'9f' * 32}", f"Bearer wsk_{'0a' * 16}_[hidden]"),
        (f"GET /x?key=psk_{'0a' * 16}_{'9f' * 32}", f"GET /x?key=psk_{'0a' * 16}_[hidden]"),
        ("sent to alice.martin@acme.example", "sent to a***@acme.example"),
    ],
)
def test_addresses_and_link_keys_are_hidden(written, logged):
    assert mask(written) == logged


def test_values_are_hidden_by_their_names_at_any_depth():
    entry = {"event": "x", "password": "a", "data": {"csrf_token": "b", "to": ["bob@acme.example"]}, "count": 3}
    assert without_secrets(None, "info", entry) == {
        "event": "x",
        "password": "[hidden]",
        "data": {"csrf_token": "[hidden]", "to": ["b***@acme.example"]},
        "count": 3,
    }
