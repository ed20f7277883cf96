"""A real web server: who sends more than is read learns that the connection is over, and can go on with another."""

import os
import socket
import subprocess
import sys
import time

import pytest
import requests

from workspace_admin.devserver.layout import ROOT


@pytest.fixture(scope="module")
def server():
    """The web server alone: none of these requests needs a database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["granian", "--interface", "wsgi", "--port", str(port), "--no-ws", "workspace_admin.wsgi:application"]
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, env=os.environ | {"DATABASE_URL": "postgres:///none", "DEBUG": "on"}
    )
    deadline = time.monotonic() + 120
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert time.monotonic() < deadline
        time.sleep(0.2)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


@pytest.mark.parametrize(("size", "status"), [(1_100_000, 413), (900_000, 401), (30_000_000, 413)])
def test_a_body_that_is_not_read_ends_the_connection_and_says_so(server, size, status):
    with requests.Session() as session:
        for _ in range(3):
            refused = session.post(f"{server}/api/v1/workspaces", b"x" * size, timeout=60)
            assert (refused.status_code, refused.headers.get("Connection")) == (status, "close")
            following = session.get(f"{server}/api/v1/schema", timeout=60)
            assert (following.status_code, following.headers.get("Connection")) == (200, None)


def test_a_body_that_is_read_keeps_the_connection(server):
    with requests.Session() as session:
        for _ in range(2):
            refused = session.post(f"{server}/accounts/logout/", {"x": "y" * 100_000}, timeout=60)
            assert (refused.status_code, refused.headers.get("Connection")) == (403, None)
