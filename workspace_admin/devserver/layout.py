"""Where the embedded default keeps its things, and what its children are told by environment."""

import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MARK = "WORKSPACE_ADMIN_SUPERVISED"
"""Variable that every child carries, worth its data folder: by it the next start finds what a kill -9 left."""

_SOCKET_PATH_BYTES = 100


class EmbeddedError(Exception):
    """The embedded default cannot start or go on; the message says what to do."""


@dataclass(frozen=True)
class Layout:
    """One copy of the embedded default: its data folder and its web port."""

    data: Path
    port: int = 8000

    @classmethod
    def from_environment(cls) -> "Layout":
        """Return the layout that DATA_DIR and PORT ask for."""
        port = os.environ.get("PORT") or "8000"
        if not port.isdecimal() or not 0 < int(port) < 2**16:
            raise EmbeddedError(f"PORT: {port!r} is not a port number.")
        return cls((ROOT / (os.environ.get("DATA_DIR") or "var")).resolve(), int(port))

    @property
    def postgres(self) -> Path:
        """Return the folder of the database cluster."""
        return self.data / "postgres"

    @property
    def valkey(self) -> Path:
        """Return the folder of Valkey's append-only file."""
        return self.data / "valkey"

    def log(self, name: str) -> Path:
        """Return the log file of the named process."""
        return self.data / "logs" / f"{name}.log"

    def socket_folder(self) -> Path:
        """Return the folder of the Postgres socket: below the data, or a temporary one if that path is too long."""
        if len(os.fsencode(self.postgres / ".s.PGSQL.5432")) <= _SOCKET_PATH_BYTES:
            return self.postgres
        digest = sha256(os.fsencode(self.postgres)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"workspace-admin-{os.geteuid()}-{digest}"

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the data folder, created if missing; raise EmbeddedError if another live supervisor does."""
        self.log("any").parent.mkdir(parents=True, exist_ok=True)
        with (self.data / "supervisor.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                message = f"{self.data} is in use by another run. Stop it, or set another DATA_DIR and PORT."
                raise EmbeddedError(message) from error
            yield

    def secret(self, name: str) -> str:
        """Return this data folder's random secret, created on first use."""
        path = self.data / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name not in known:
            known[name] = secrets.token_urlsafe(48)
            fresh = path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(known))
            fresh.replace(path)
        return known[name]

    def environment(self) -> dict[str, str]:
        """Return the environment of every process without the servers' URLs: ours plus development settings."""
        fixed = {
            "DEBUG": "on",
            "DATA_DIR": str(self.data),
            "PORT": str(self.port),
            MARK: str(self.data),
        }
        defaults = {
            "SECRET_KEY": self.secret("SECRET_KEY"),
            "INVITATION_KEYS": self.secret("INVITATION_KEYS"),
            "DJANGO_SETTINGS_MODULE": "workspace_admin.settings",
            "PYTHONUNBUFFERED": "1",
        }
        return {**defaults, **os.environ, **fixed}
