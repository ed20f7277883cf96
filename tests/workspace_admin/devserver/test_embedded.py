"""The supervisor with real servers: what it starts it stops, however it ends itself."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from workspace_admin.devserver import console
from workspace_admin.devserver.layout import MARK, ROOT, EmbeddedError, Layout
from workspace_admin.devserver.processes import strays, sweep

_SOON = 20.0
_ASK_BOTH = """
import os, psycopg, redis
assert psycopg.connect(os.environ["DATABASE_URL"]).execute("SHOW max_connections").fetchone() == ("300",)
assert redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
"""


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SOON
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedded") / "data"


class Run:
    """One supervisor with a command beside its servers."""

    def __init__(self, data: Path) -> None:
        self.data = data
        given = {"DATABASE_URL", "REDIS_URL", "OWNER_DATABASE_URL", MARK}
        self._env = {**{k: v for k, v in os.environ.items() if k not in given}, "DATA_DIR": str(data)}
        self._started: list[subprocess.Popen[str]] = []

    def beside(self, *command: str) -> subprocess.Popen[str]:
        return self.alone(sys.executable, "-m", "workspace_admin.devserver", "exec", "--", *command)

    def alone(self, *command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self._env,
            text=True,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def up(self) -> subprocess.Popen[str]:
        """Return a supervisor whose servers are up."""
        sign = self.data.parent / "up"
        sign.unlink(missing_ok=True)
        process = self.beside("sh", "-c", f"touch {sign}; exec sleep 60")
        _until(sign.exists)
        return process

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()
        sweep(self.data)


@pytest.fixture
def run(data: Path) -> Iterator[Run]:
    run = Run(data)
    yield run
    run.end()


def test_a_command_beside_the_servers_reaches_both(run: Run) -> None:
    assert run.beside(sys.executable, "-c", _ASK_BOTH).wait(_SOON) == 0
    assert strays(run.data) == []


def test_its_exit_code_is_the_commands(run: Run) -> None:
    assert run.beside("sh", "-c", "exit 7").wait(_SOON) == 7


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_cleanly(run: Run, sign: signal.Signals) -> None:
    supervisor = run.up()
    supervisor.send_signal(sign)
    assert supervisor.wait(_SOON) == 0
    assert strays(run.data) == []
    assert not (run.data / "postgres" / "postmaster.pid").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_kill_9_of_the_supervisor_leaves_no_orphan(run: Run) -> None:
    run.up().kill()
    _until(lambda: not strays(run.data))
    assert strays(run.data) == []


def test_the_start_after_kill_9_of_everything_repairs(run: Run) -> None:
    supervisor = run.up()
    supervisor.kill()
    for process in strays(run.data):
        with suppress(psutil.NoSuchProcess):  # some die with the supervisor by themselves
            process.kill()
    again = run.beside(sys.executable, "-c", _ASK_BOTH)
    _, errors = again.communicate(timeout=_SOON)
    assert again.returncode == 0, errors


def test_what_an_earlier_run_left_is_swept(data: Path) -> None:
    orphan = subprocess.Popen(["sleep", "60"], env={**os.environ, MARK: str(data)})
    stranger = subprocess.Popen(["sleep", "60"], env={**os.environ, MARK: str(data / "other")})
    try:
        assert sweep(data) == 1
        assert not psutil.pid_exists(orphan.pid)
        assert stranger.poll() is None
    finally:
        for process in (orphan, stranger):
            process.kill()
            process.wait()


@pytest.mark.parametrize("name", ["postgres", "valkey-server"])
def test_a_crashed_server_ends_the_run_with_an_error(run: Run, name: str) -> None:
    supervisor = run.up()
    victims = [process for process in strays(run.data) if process.name() == name]
    victim = min(victims, key=psutil.Process.create_time)
    victim.kill()
    _, errors = supervisor.communicate(timeout=_SOON)
    assert supervisor.returncode == 1
    assert "ended by itself" in errors
    assert strays(run.data) == []


_WATCH = """
import sys
from workspace_admin.devserver import console
from workspace_admin.devserver.layout import Layout
from workspace_admin.devserver.supervisor import supervised
with supervised(Layout.from_environment()) as supervisor:
    supervisor.start("worker", ["sh", "-c", sys.argv[1]])
    supervisor.watch()
"""


def watched(run: Run, command: str) -> subprocess.Popen[str]:
    """Return a supervisor without servers that keeps one process running."""
    return run.alone(sys.executable, "-c", _WATCH, command)


def test_a_killed_process_of_the_console_is_started_again(run: Run) -> None:
    supervisor = watched(run, "exec sleep 61")

    def asleep() -> set[int]:
        return {process.pid for process in strays(run.data) if process.name() == "sleep"}

    _until(lambda: bool(asleep()))
    (first,) = asleep()
    os.kill(first, signal.SIGKILL)
    _until(lambda: bool(asleep() - {first}))
    supervisor.terminate()
    supervisor.wait(_SOON)
    assert strays(run.data) == []


def test_a_process_that_ends_again_and_again_ends_the_run(run: Run) -> None:
    _, errors = watched(run, "echo started; echo its last words; exit 3").communicate(timeout=_SOON)
    assert "worker ended by itself (exit code 3):" in errors
    assert "its last words" in errors
    assert (run.data / "logs" / "worker.log").read_text().count("started") == 4


def test_a_second_run_on_the_same_data_is_refused(run: Run) -> None:
    run.up()
    second = run.beside("true")
    _, errors = second.communicate(timeout=_SOON)
    assert second.returncode == 1
    assert "is in use by another run" in errors


def test_a_port_that_is_none_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "http")
    with pytest.raises(EmbeddedError, match="PORT"):
        Layout.from_environment()


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_port_in_use_at_either_address_is_refused(family: socket.AddressFamily, host: str) -> None:
    with socket.create_server((host, 0), family=family) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedError, match=f"PORT: {host} port {port} cannot be used"):
            console._free_addresses(port)
    assert console._free_addresses(port) == ["127.0.0.1", "::1"]


def test_secrets_stay_the_same_and_are_nobody_elses(tmp_path: Path) -> None:
    secret = Layout(tmp_path).secret("SECRET_KEY")
    assert Layout(tmp_path).secret("SECRET_KEY") == secret
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
