"""Clients that send slowly keep nobody else waiting."""

import socket
import time
from urllib.parse import urlsplit

import requests

from tests.browser.conftest import console  # noqa: F401 -- a fixture

HEAD = b"POST /api/v1/workspaces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
SLOW = HEAD + b"Content-Length: 50\r\n\r\n{"


def test_bodies_that_never_end_leave_the_console_answering(console):  # noqa: F811 -- as above
    place = urlsplit(console.url)
    open_ = [socket.create_connection((place.hostname, place.port)) for _ in range(3)]
    try:
        for one in open_:
            one.sendall(SLOW)
        time.sleep(1)
        answers = [requests.get(f"{console.url}/healthz/live", timeout=20).status_code for _ in range(6)]
    finally:
        for one in open_:
            one.close()
    assert answers == [200] * 6
