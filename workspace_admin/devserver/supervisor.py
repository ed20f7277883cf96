"""One process that owns the servers and the console's own processes, and leaves none of them behind."""

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Self

from workspace_admin.devserver.layout import EmbeddedError, Layout
from workspace_admin.devserver.postgres import OWNER, UNSAFE, Postgres
from workspace_admin.devserver.processes import Child, die_with_parent, sweep
from workspace_admin.devserver.valkey import Valkey

_MOMENT = 0.1
_SERVERS = {"postgres", "valkey"}
_PATIENCE = {"postgres": 15.0, "valkey": 5.0}
_PATIENCE_OF_OTHERS = 8.0
_SOON = 60.0
"""Seconds: a process that lives for shorter, time and again, is broken and not unlucky."""
_MOST_RESTARTS = 3


class Stopped(Exception):
    """A signal asked the supervisor to end."""


class Supervisor:
    """Starts children, watches them, stops them in the reverse order.

    Signals only set a flag, which is read between steps: so none is lost, and no child falls between its start and
    its entry in the list.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.env = layout.environment()
        self._children: list[Child] = []
        self._restarts: Counter[str] = Counter()
        self._asked = threading.Event()

    def __enter__(self) -> Self:
        if "MAKELEVEL" in os.environ:
            die_with_parent(signal.SIGTERM)  # a killed make must not leave us behind
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked.set()

    def start_servers(self, *, throwaway: bool = False) -> None:
        """Start Postgres and Valkey, unless DATABASE_URL or REDIS_URL name others, and put their addresses in ``env``.

        ``throwaway`` trades the data's safety for speed.
        """
        sweep(self.layout.data)
        postgres = None if os.environ.get("DATABASE_URL") else Postgres(self.layout, UNSAFE if throwaway else None)
        valkey = None if os.environ.get("REDIS_URL") else Valkey(self.layout)
        if postgres:
            self._children.append(postgres.start())
        if valkey:
            self._children.append(valkey.start())
            valkey.wait(self.pause)
            self.env["REDIS_URL"] = valkey.url
        if postgres:
            postgres.wait(self.pause)
            postgres.prepare()
            self.env |= {
                "DATABASE_URL": postgres.url(),
                "OWNER_DATABASE_URL": postgres.url(OWNER),
            }

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start one of the console's own processes, its output in its log."""
        self._children.append(Child(name, command, env=self.env, log=self.layout.log(name)))

    def run(self, name: str, command: Sequence[str], *, env: dict[str, str] | None = None) -> None:
        """Run a step to its end; raise EmbeddedError if it fails."""
        log = self.layout.log(name)
        child = Child(name, command, env={**self.env, **(env or {})}, log=log)
        try:
            while (code := child.poll()) is None:
                self.pause()
        finally:
            child.stop(_PATIENCE_OF_OTHERS)
        if code:
            raise EmbeddedError(f"{name} failed:\n{child.last_words()}\n(all of it: {log})")

    def run_in_front(self, command: Sequence[str]) -> int:
        """Run the command on our terminal; answers its exit code."""
        child = Child(command[0], command, env=self.env, foreground=True)
        try:
            while (code := child.poll()) is None:
                self.pause()
        finally:
            child.stop(_PATIENCE_OF_OTHERS)
        return code

    def pause(self) -> None:
        """Wait a moment; raise Stopped after a signal, and EmbeddedError if a child has ended."""
        if self._asked.wait(_MOMENT):
            raise Stopped
        for child in self._children:
            if child.poll() is not None:
                raise _ended(child)

    def watch(self) -> None:
        """Keep the console whole until a signal raises Stopped: restart each process that ends."""
        while not self._asked.wait(_MOMENT):
            for place, child in enumerate(self._children):
                if child.poll() is not None:
                    self._children[place] = self._again(child)
        raise Stopped

    def _again(self, child: Child) -> Child:
        if time.monotonic() - child.started > _SOON:
            del self._restarts[child.name]
        self._restarts[child.name] += 1
        if child.name in _SERVERS or self._restarts[child.name] > _MOST_RESTARTS:
            raise _ended(child)
        child.stop(0)  # what is left of its group would keep the port, or do its work beside the new one
        sys.stderr.write(f"{child.name} ended by itself (exit code {child.poll()}) and is started again.\n")
        return Child(child.name, child.command, env=child.env, log=child.log)

    def stop(self) -> None:
        """Stop all children: the console's processes together, then the servers they use."""
        for child in self._children:
            if child.name not in _SERVERS:
                child.ask_to_stop()
        while self._children:
            child = self._children.pop()
            child.stop(_PATIENCE.get(child.name, _PATIENCE_OF_OTHERS))


def _ended(child: Child) -> EmbeddedError:
    what = f"{child.name} ended by itself (exit code {child.poll()})"
    return EmbeddedError(f"{what}:\n{child.last_words()}\n(all of it: {child.log})")


@contextmanager
def supervised(layout: Layout) -> Iterator[Supervisor]:
    """Hold the data folder and yield a supervisor for it; everything is stopped at the end."""
    with layout.owned(), Supervisor(layout) as supervisor:
        yield supervisor


@contextmanager
def servers(layout: Layout) -> Iterator[dict[str, str]]:
    """Run throwaway servers for this very process, which keeps its signal handlers; yield the environment to use."""
    with layout.owned():
        supervisor = Supervisor(layout)
        try:
            supervisor.start_servers(throwaway=True)
            yield {**supervisor.env, "DATABASE_URL": supervisor.env.get("OWNER_DATABASE_URL", "")}
        finally:
            supervisor.stop()
