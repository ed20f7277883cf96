"""The console as `make run` starts it: where it listens, by which name, and what runs against it."""

import os
import socket
import subprocess
import time
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from tests.browser.conftest import GIVEN, console  # noqa: F401 -- a fixture
from workspace_admin.devserver.layout import ROOT

HEAD = b"POST /api/v1/workspaces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
SLOW = HEAD + b"Content-Length: 50\r\n\r\n{"
BY_ADDRESS = ["127.0.0.1", "[::1]"]


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


def test_nothing_listens_beyond_the_loopback_addresses(console):  # noqa: F811 -- as above
    family = [psutil.Process(console.process.pid), *psutil.Process(console.process.pid).children(recursive=True)]
    sockets = [one for process in family for one in process.net_connections("inet") if one.status == "LISTEN"]
    assert {one.laddr.ip for one in sockets} == {"127.0.0.1", "::1"}
    assert {one.laddr.ip for one in sockets if one.laddr.port == urlsplit(console.url).port} == {"127.0.0.1", "::1"}


@pytest.mark.parametrize("host", BY_ADDRESS)
def test_pages_opened_by_address_lead_to_localhost(console, host):  # noqa: F811 -- as above
    by_address = f"http://{host}:{urlsplit(console.url).port}"
    led = requests.get(f"{by_address}/accounts/login/?next=/w/acme/", timeout=20, allow_redirects=False)
    assert (led.status_code, led.headers["Location"]) == (302, f"{console.url}/accounts/login/?next=/w/acme/")
    assert requests.get(led.headers["Location"], timeout=20, allow_redirects=False).status_code == 200
    call = requests.get(f"{by_address}/api/v1/workspaces", timeout=20, allow_redirects=False)
    assert call.status_code == 401, "a program's headers would be lost on the way"


def test_long_answers_and_kept_connections_come_through_both_addresses(console):  # noqa: F811 -- as above
    port = urlsplit(console.url).port
    bodies = set()
    for host in BY_ADDRESS:
        with requests.Session() as session:
            for _ in range(3):
                answer = session.get(f"http://{host}:{port}/api/v1/schema", timeout=20)
                assert (answer.status_code, len(answer.content) > 100_000) == (200, True)
                bodies.add(answer.content)
    assert len(bodies) == 1


def make(*arguments: str, data: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in GIVEN and not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "--silent", *arguments],
        cwd=ROOT,
        env={**kept, "DATA_DIR": data},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_command_runs_against_the_console_that_runs(console):  # noqa: F811 -- as above
    said = console.log.read_text()
    assert f"The console runs at {console.url}/ " in said
    assert f'DATA_DIR={console.data} make manage ARGS="' in said
    done = make("manage", "ARGS=seed_large --members 20 --slug made-beside", data=str(console.data))
    assert done.returncode == 0, done.stderr
    assert "20 members in" in done.stdout
    again = make("manage", "ARGS=seed_large --members 20 --slug made-beside", data=str(console.data))
    assert "There is a workspace made-beside already" in again.stdout


def test_without_a_console_a_command_says_so(tmp_path):
    done = make("manage", "ARGS=deliveries", data=str(tmp_path))
    assert done.returncode != 0
    assert f"No console runs on {tmp_path}. Start it with make run" in done.stderr


def test_help_lists_it():
    assert 'manage\ta command against the console that runs: make manage ARGS="' in make("help", data="var").stdout
