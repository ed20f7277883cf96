"""How long a workspace's read takes while another workspace makes twelve bulk calls of 300 at once."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Self

from tests.performance.hosts import DOMAIN

CALLS, SIZE = 12, 300
READS = 60
PAUSE = 0.05
AIM = 3
THREADS = "4"


def deployed(port: int) -> subprocess.Popen:
    """Start the console with the workers and threads it is deployed with."""
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    return subprocess.Popen(
        [*command, "--workers", "2", "--no-ws", "--no-access-log", "workspace_admin.wsgi:application"],
        env=os.environ | {"GRANIAN_BLOCKING_THREADS": THREADS},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class Busy:
    """Twelve clients that invite 300 addresses each, and repeat what was refused for now, until they are stopped."""

    def __init__(self, port: int, slug: str, headers: dict[str, str]) -> None:
        self.port, self.path, self.headers = port, f"/api/v1/workspaces/{slug}/invitations/bulk", headers
        self.stopped = threading.Event()
        self.done, self.later = 0, 0
        self.threads = [threading.Thread(target=self._drive, args=[number]) for number in range(CALLS)]

    def _drive(self, number: int) -> None:
        calls = 0
        while not self.stopped.is_set():
            calls += 1
            emails = [f"f{time.monotonic_ns()}-{number}-{calls}-{each}@{DOMAIN}" for each in range(SIZE)]
            while emails and not self.stopped.is_set():
                emails = self._invite(emails)
                if emails:
                    self.later += 1
                    self.stopped.wait(1)

    def _invite(self, emails: list[str]) -> list[str]:
        """Invite them; return those to be tried again."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("POST", self.path, json.dumps({"emails": emails}).encode(), self.headers)
            body = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        rows = body.get("data", [])
        self.done += sum(row["result"] == "done" for row in rows)
        return [row["email"] for row in rows if row["code"] == "unavailable"] if rows else emails

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def reads(read: Callable[[], None]) -> list[float]:
    """Return the seconds that each of some reads took, one after the other."""
    times = []
    for _ in range(READS):
        began = time.perf_counter()
        read()
        times.append(time.perf_counter() - began)
        time.sleep(PAUSE)
    return times


def report(port: int, slug: str, busy: dict[str, str], other: dict[str, str]) -> None:
    """Print the quiet and the busy times of a read, and how much of the bulk calls was done meanwhile."""
    server = deployed(port)

    def read() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/api/v1/workspaces/acme/members", headers=other)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == http.HTTPStatus.OK, answer.status

    try:
        _ready(read)
        quiet = reads(read)
        with Busy(port, slug, busy) as writers:
            time.sleep(1)
            loaded = reads(read)
    finally:
        # The workers too: a client that stopped in the middle of a call may keep one from ending.
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    times = median(loaded) / median(quiet)
    slow, calm = (quantiles(each, n=20)[-1] for each in (loaded, quiet))
    sys.stdout.write(
        f"{'read beside 12 bulk calls':23} {median(loaded) * 1_000:5.0f} ms, {times:4.1f} times its quiet time"
        f" (aim {AIM}); 95th percentile {slow * 1_000:.0f} ms ({slow / calm:.1f} times);"
        f" {writers.done:,} invited meanwhile, {writers.later} times told to retry\n"
    )


def _ready(read: Callable[[], None]) -> None:
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        try:
            read()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the console does not serve")
