"""Keeps one workspace from occupying every thread of a web process.

The locks of two workspaces are separate, but the threads of a process are shared: many slow writes of one workspace
would leave none to the others. So at most half of the threads write for one workspace; as many more as leave one thread
free wait a moment for their turn, and the rest are told to retry.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from uuid import UUID

from django.conf import settings

from members.errors import Unavailable

PATIENCE = 0.5
"""Seconds that a write waits for its turn; then its client retries."""


class Turns:
    """The turns of one process: who is writing for which workspace."""

    def __init__(self, threads: int, patience: float = PATIENCE) -> None:
        self.limit = max(1, threads // 2)
        self.waiters = max(0, threads - self.limit - 1)
        self.patience = patience
        self._changed = threading.Condition()
        self._writing, self._waiting = Counter[UUID](), Counter[UUID]()
        self._mine = threading.local()

    @contextmanager
    def take(self, workspace_id: UUID) -> Iterator[None]:
        """Hold a turn for the workspace, or raise Unavailable; a thread that has one keeps it."""
        held: set[UUID] = self._mine.__dict__.setdefault("held", set())
        if workspace_id in held:
            yield
            return
        self._enter(workspace_id)
        held.add(workspace_id)
        try:
            yield
        finally:
            held.discard(workspace_id)
            self._leave(workspace_id)

    def _enter(self, workspace_id: UUID) -> None:
        with self._changed:
            if self._writing[workspace_id] >= self.limit and not self._wait(workspace_id):
                raise Unavailable(retry_after=1)
            self._writing[workspace_id] += 1

    def _wait(self, workspace_id: UUID) -> bool:
        if self._waiting[workspace_id] >= self.waiters:
            return False
        self._waiting[workspace_id] += 1
        try:
            return self._changed.wait_for(lambda: self._writing[workspace_id] < self.limit, self.patience)
        finally:
            self._forget(self._waiting, workspace_id)

    def _leave(self, workspace_id: UUID) -> None:
        with self._changed:
            self._forget(self._writing, workspace_id)
            self._changed.notify_all()

    @staticmethod
    def _forget(counter: Counter[UUID], workspace_id: UUID) -> None:
        counter[workspace_id] -= 1
        if not counter[workspace_id]:
            del counter[workspace_id]


@cache
def _turns() -> Turns:
    return Turns(settings.WEB_THREADS)


@contextmanager
def turn(*workspace_ids: UUID) -> Iterator[None]:
    """Hold a turn to write for each of these workspaces, if the number of the web server's threads is known."""
    with ExitStack() as turns:
        for workspace_id in sorted(workspace_ids) if settings.WEB_THREADS else ():
            turns.enter_context(_turns().take(workspace_id))
        yield
