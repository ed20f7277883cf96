"""Liveness of workers and beat, and the check that containers run: `python -m workspace_admin.probes web`.

Each worker touches a file named after it (`--hostname accounts@%h`: accounts) at every turn, and so does beat.
Asking them over the broker would fail with the broker.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import structlog
from celery.beat import Scheduler
from celery.bootsteps import StartStopStep
from celery.signals import worker_ready
from celery.worker import consumer

_TURN = 2.0
"""Seconds between two touches of a worker's file."""
_STALE = 30.0
"""Seconds without a turn after which a worker or beat counts as stuck."""
_UNNAMED = "celery"
"""What Celery calls a worker that was given no name."""
logger = structlog.get_logger(__name__)


def _sign(name: str) -> Path:
    return Path(os.environ.get("DATA_DIR") or tempfile.gettempdir()) / f"{name}.alive"


@worker_ready.connect  # type: ignore[untyped-decorator]  # -- Celery has no types
def touch(sender: Any, **_: Any) -> None:
    """Record that the worker whose consumer this is got a turn."""
    name = str(sender.hostname).partition("@")[0]
    _sign("worker" if name == _UNNAMED else name).touch()


class Consumer(consumer.Consumer):  # type: ignore[misc]  # -- as above
    """Reconnects to an unreachable broker every two seconds, and counts as alive meanwhile."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Nobody reads Celery's heartbeats, and the first would block silently on an unreachable broker.
        super().__init__(*args, **kwargs, without_heartbeat=True)

    def ensure_connected(self, conn: Any) -> Any:
        """Return the connection as soon as there is one."""
        connect = conn.ensure_connection

        def steadily(report: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            def still_away(*error: Any) -> Any:
                touch(self)
                return report(*error)

            return connect(still_away, *args, interval_step=0, **kwargs)

        conn.ensure_connection = steadily
        return super().ensure_connected(conn)


class Pulse(StartStopStep):  # type: ignore[misc]  # -- as above
    """Records that the worker got a turn, for as long as it has a broker."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    _turns: Any = None

    def start(self, c: Any) -> None:
        """Start with a new connection."""
        self._turns = c.timer.call_repeatedly(_TURN, touch, (c,))

    def stop(self, c: Any) -> None:
        """Stop with the connection: reconnecting records its own turns."""
        if self._turns is not None:
            c.timer.cancel(self._turns)
            self._turns = None

    shutdown = stop


class BeatScheduler(Scheduler):  # type: ignore[misc]  # -- as above
    """Keeps the schedule in memory, as every entry is due within seconds anyway, and records each turn."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due and return the seconds until the next turn."""
        _sign("beat").touch()
        wait: float = super().tick(*args, **kwargs)
        return wait

    def _ensure_connected(self) -> Any:
        """Return the connection as soon as there is one, trying every two seconds without backing off."""

        def still_away(error: Exception, _interval: float) -> None:
            _sign("beat").touch()
            logger.warning("broker_away", by="beat", error=type(error).__name__)

        return self.connection.ensure_connection(still_away, interval_step=0)


def alive(name: str) -> bool:
    """Return whether this machine's worker of this name, or beat, got a turn lately."""
    try:
        return time.time() - _sign(name).stat().st_mtime < _STALE
    except FileNotFoundError:
        return False


def serving() -> bool:
    """Return whether this machine's web server is ready."""
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4)
    try:
        connection.request("GET", "/healthz/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    what = sys.argv[1]
    sys.exit(0 if (serving() if what == "web" else alive(what)) else 1)
