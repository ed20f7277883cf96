"""A console that may be killed: servers of its own, worker and beat, and how often to try it."""

import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from tests.crashes.console import Console, until

ROUNDS = int(os.environ.get("SOAK_ROUNDS", "1"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "console" in metafunc.fixturenames:
        metafunc.fixturenames.append("_round")
        metafunc.parametrize("_round", range(ROUNDS), ids=lambda number: f"round{number}")


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    console = Console(tmp_path_factory.mktemp("crashes") / "data")
    yield console
    console.close()


@pytest.fixture
def console(running: Console) -> Iterator[Console]:
    running.clear()
    yield running
    running.end_acts()


@pytest.fixture
def worker(console: Console) -> Iterator[psutil.Process]:
    """A real Celery worker, with beat beside it."""
    process, beat = console.start("worker"), console.start("beat")
    main = psutil.Process(process.pid)
    until(lambda: main.children() and b"celery" in b"".join(console.redis().keys("*")))
    yield main
    for child in (beat.pid, *(one.pid for one in main.children(recursive=True)), main.pid):
        if psutil.pid_exists(child):
            os.kill(child, signal.SIGKILL)
