"""Children in process groups of their own, which die with their supervisor."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from workspace_admin.devserver.layout import MARK

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(sign: signal.Signals) -> None:
    """Ask the kernel to send us the signal when our parent is gone; does nothing where Linux is not."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, sign)


def _tied_to(supervisor: int, sign: signal.Signals) -> Callable[[], None]:
    def prepare() -> None:
        die_with_parent(sign)
        if os.getppid() != supervisor:  # it died before the tie was made
            os._exit(1)

    return prepare


@dataclass
class Child:
    """One running child with its process group; making the object starts it.

    Args:
        name: what it is called in messages.
        command: program and arguments.
        env: its whole environment.
        log: the file that takes its output, appended to; None leaves it on ours.
        stop_with: the signal that ends it gracefully.
        user: OS user to run as, where it is not ours.
        foreground: stay in our process group, so that a terminal's keys reach it.
    """

    name: str
    command: Sequence[str | Path]
    env: Mapping[str, str]
    log: Path | None = None
    stop_with: signal.Signals = signal.SIGTERM
    user: str | None = None
    foreground: bool = False
    started: float = field(init=False, default_factory=time.monotonic)
    _process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        output = self.log.open("ab") if self.log else None
        try:
            self._process = subprocess.Popen(  # noqa: S603 -- our own command lines
                self.command,
                env=self.env,
                stdin=None if self.foreground else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                user=self.user,
                group=self.user,
                extra_groups=[] if self.user else None,
                process_group=None if self.foreground else 0,
                preexec_fn=_tied_to(os.getpid(), self.stop_with),  # noqa: PLW1509 -- the supervisor has one thread
            )
        finally:
            if output:
                output.close()

    @property
    def pid(self) -> int:
        """Return the process id, which is also its group's id."""
        return self._process.pid

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self._process.poll()

    def ask_to_stop(self) -> None:
        """Send the graceful signal to the child alone; its own helpers are its business."""
        if self.poll() is None:
            self._process.send_signal(self.stop_with)

    def stop(self, patience: float) -> None:
        """Stop the child within that many seconds, by force at the end, and sweep what is left of its group."""
        self.ask_to_stop()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if not self.foreground:
            with suppress(ProcessLookupError, PermissionError):  # an empty group is what we want
                os.killpg(self.pid, signal.SIGKILL)

    def last_words(self, lines: int = 25) -> str:
        """Return the end of its log."""
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def strays(data: Path) -> list[psutil.Process]:
    """Return the processes that an earlier supervisor of this data folder left behind.

    They carry its mark; the helpers of Postgres, which write their titles over it, work in the cluster's folder, and
    while one of them lives no new server may start.
    """
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # gone meanwhile, or another user's
            marked = process.environ().get(MARK) == str(data) or process.cwd() == str(data / "postgres")
            if marked and process.pid != os.getpid():
                found.append(process)
    return found


def environment_of_console(data: Path) -> dict[str, str] | None:
    """Return the environment of a process of the console that runs on this data folder; None if there is none."""
    for process in strays(data):
        with suppress(psutil.Error):  # gone meanwhile
            environment: dict[str, str] = process.environ()
            if environment.get(MARK) == str(data) and {"DATABASE_URL", "REDIS_URL"} <= environment.keys():
                return environment
    return None


def sweep(data: Path, patience: float = 8.0) -> int:
    """Stop what an earlier supervisor left behind, within so many seconds; answers how many processes that were."""
    ours = {process.pid for process in [psutil.Process(), *psutil.Process().parents()]}
    left = [process for process in strays(data) if process.pid not in ours]
    for process in left:
        with suppress(psutil.Error):
            process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    _, stubborn = psutil.wait_procs(left, timeout=patience)
    for process in stubborn:
        with suppress(psutil.Error):
            process.kill()
    if stubborn:
        psutil.wait_procs(stubborn, timeout=2)
        time.sleep(0.1)  # the kernel lets go of ports and shared memory a moment later
    return len(left)
