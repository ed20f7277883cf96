"""A whole console of its own, as `make run` starts it, and a real Chromium in front of it."""

import email
import email.policy
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from workspace_admin.devserver.layout import MARK, ROOT

GIVEN = {"DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL", "BASE_URL", "PORT", "DATA_DIR", MARK}
PASSWORD = "workspace-demo"
SOON = 60


def until[T](read: Callable[[], T], what: str, seconds: float = SOON) -> T:
    """Return the first true value of ``read``."""
    deadline = time.monotonic() + seconds
    while not (value := read()):
        assert time.monotonic() < deadline, f"not in {seconds} s: {what}"
        time.sleep(0.1)
    return value


@dataclass
class Console:
    """One console that runs."""

    url: str
    data: Path
    process: subprocess.Popen
    log: Path

    def letters(self, to: str) -> list[email.message.EmailMessage]:
        """Return the messages to this address, oldest first."""
        paths = sorted((self.data / "mailbox").glob("*.eml"), key=lambda path: path.stat().st_mtime)
        read = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
        return [letter for letter in read if to in str(letter["To"])]

    def link(self, to: str, after: int = 0, part: str = "/join/") -> str:
        """Return the link of the newest letter to this address, once there are more than ``after``."""
        letters = until(lambda: found if len(found := self.letters(to)) > after else None, f"a letter to {to}")
        text = letters[-1].get_body(("plain",)).get_content()
        return next(word for word in text.split() if part in word)

    def broker(self) -> psutil.Process:
        """Return the process of its Valkey."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        return next(one for one in family if "valkey" in one.name() or "valkey" in " ".join(one.cmdline()[:1]))


@pytest.fixture(scope="session")
def console(tmp_path_factory):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = ROOT / "var" / f"browser-{port}"
    env = {name: value for name, value in os.environ.items() if name not in GIVEN}
    log = tmp_path_factory.mktemp("console") / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "workspace_admin.devserver", "run"],
            cwd=ROOT,
            env={**env, "PORT": str(port), "DATA_DIR": str(data)},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )

    def ready() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/ready", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    try:
        until(ready, "the console to be ready", 90)
        yield Console(f"http://localhost:{port}", data, process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def base_url(console):
    return console.url


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """Playwright's own Chromium where it is installed, else the system's."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    own = list(Path.home().glob(".cache/ms-playwright/chromium*/*/*chrom*"))
    path = {} if own or not found else {"executable_path": found}
    return {**browser_type_launch_args, **path, "args": ["--no-sandbox", "--disable-background-networking"]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    """Nothing moves: what is clicked stays where it is, on a busy machine too."""
    return {**browser_context_args, "reduced_motion": "reduce"}


@pytest.fixture
def sign_in(page):
    def enter(address: str, password: str = PASSWORD):
        page.goto("/")
        page.get_by_label("Email").fill(address)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/w/**")
        return page

    return enter


def follow(page, name: str) -> None:
    """Go where the navigation leads, until the page's scripts are there too: before that its links open whole pages."""
    page.get_by_role("navigation").get_by_role("link", name=name).click()
    page.wait_for_load_state("load")


@pytest.fixture(autouse=True)
def _no_script_errors(page):
    """Fail a test whose page logs an error, a refusal of the content security policy included."""
    seen: list[str] = []
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("console", lambda line: seen.append(line.text) if line.type == "error" else None)
    yield
    # The browser itself logs refusals, and requests while a test has cut the network.
    assert [line for line in seen if "status of 4" not in line and "ERR_INTERNET_DISCONNECTED" not in line] == []
