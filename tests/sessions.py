"""Further sessions on the test's database, as with psql: what each does stands open until it commits."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
from django.db import connection, transaction

from members.models import Workspace

PATIENCE = 20.0
"""Seconds after which something that should have happened has not."""


class Session:
    """One connection with a transaction open; ``later`` runs a statement that has to wait for another session."""

    def __init__(self) -> None:
        self.raw = connection.get_new_connection(connection.get_connection_params())
        self.raw.autocommit = False
        self.pool = ThreadPoolExecutor(1)

    def run(self, sql: str, params: Sequence[object] = ()) -> list[tuple]:
        """Return the rows of a statement."""
        with self.raw.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall() if cursor.description else []

    def later(self, sql: str, params: Sequence[object] = ()) -> Future[list[tuple]]:
        """Start a statement and answer once it waits for another session's lock."""
        future = self.pool.submit(self.run, sql, params)
        deadline = time.monotonic() + PATIENCE
        while not self.waits():
            assert not future.done(), f"did not wait: {future.exception() or future.result()}"
            assert time.monotonic() < deadline, "neither done nor waiting"
            time.sleep(0.01)
        return future

    def waits(self) -> bool:
        """Return whether the session is waiting for another one."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [self.raw.info.backend_pid])
            return cursor.fetchone()[0]

    def commit(self) -> str:
        """Commit; answer "" or what was refused at the last moment."""
        try:
            self.raw.commit()
        except psycopg.Error as error:
            self.raw.rollback()
            return str(error)
        return ""

    def close(self) -> None:
        """End whatever is open."""
        self.raw.cancel()
        self.pool.shutdown()
        self.raw.close()


def refusal(done: Future[list[tuple]]) -> str:
    """Return why a statement that had to wait was refused, or ""."""
    error = done.exception(PATIENCE)
    if error is not None and not isinstance(error, psycopg.Error):
        raise error
    return str(error or "")


@contextmanager
def sessions(number: int = 2) -> Iterator[list[Session]]:
    """Open so many."""
    opened = [Session() for _ in range(number)]
    try:
        yield opened
    finally:
        for one in opened:
            one.close()


@contextmanager
def elsewhere(act: Callable[[], object]) -> Iterator[None]:
    """Keep a transaction of another connection open after ``act`` in it, for as long as the block runs."""
    done, end = threading.Event(), threading.Event()
    failed: list[BaseException] = []

    def hold() -> None:
        try:
            with transaction.atomic():
                act()
                done.set()
                end.wait(PATIENCE)
        except BaseException as error:  # noqa: BLE001 -- it is raised where it is waited for
            failed.append(error)
            done.set()
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert done.wait(PATIENCE)
        assert not failed, failed
        yield
    finally:
        end.set()
        thread.join()


@contextmanager
def locked(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace's lock in another connection."""
    with elsewhere(lambda: Workspace.objects.select_for_update(no_key=True).get(id=workspace.id)):
        yield
