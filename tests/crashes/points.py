"""Named points at which a process dies or stops, once for each fuse that a test lays; loaded by the acts alone."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from invitations.delivery import emails
from members.job import Job
from members.jobs import services as jobs
from members.outbox import queue
from members.outbox.provider import ProviderConnection
from members.outbox.queue import OutgoingQuerySet

BEFORE_COMMIT = "before-commit"
AFTER_COMMIT = "after-commit"
AFTER_NUDGE = "after-nudge"
AFTER_CLAIM = "after-claim"
AFTER_RENDER = "after-render"
BEFORE_SENDING = "before-sending"
AFTER_ANSWER = "after-answer"
CHUNK_DONE = "chunk-done"
CHUNK_COMMITTED = "chunk-committed"


def fuse(point: str) -> Path:
    """Return the file that makes the next process die or stop at a point; it holds the name of the signal."""
    return Path(os.environ["FUSES"]) / point


def _reach(point: str) -> None:
    path = fuse(point)
    try:
        sign = path.read_text()
        path.unlink()
    except FileNotFoundError:  # none was laid, or another process took it
        return
    os.kill(os.getpid(), signal.Signals[sign])


def _wrap(owner: Any, name: str, *, before: str = "", after: str = "") -> None:
    real: Callable[..., Any] = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            _reach(before)
        answer = real(*args, **kwargs)
        if after:
            _reach(after)
        return answer

    setattr(owner, name, wrapped)


def arm() -> None:
    """Wire the points into the code of this process."""
    _wrap(BaseDatabaseWrapper, "commit", before=BEFORE_COMMIT)
    _wrap(queue, "nudge", before=AFTER_COMMIT)
    _wrap(OutgoingQuerySet, "claim", before=AFTER_NUDGE, after=AFTER_CLAIM)
    _wrap(Job, "save", after=CHUNK_DONE)
    _wrap(jobs, "_run_chunk", after=CHUNK_COMMITTED)
    _wrap(emails, "render", after=AFTER_RENDER)
    _wrap(ProviderConnection, "send", before=BEFORE_SENDING, after=AFTER_ANSWER)
