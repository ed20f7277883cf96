"""One workspace writes with half of a process's threads at most: another always finds one."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import UUID

import pytest

from members.errors import Unavailable
from members.fairness import Turns

ACME, GLOBEX = UUID(int=1), UUID(int=2)
SOON = 20


class Writer(threading.Thread):
    """A thread that asks for a turn, and keeps it until it is told to end."""

    def __init__(self, turns: Turns, workspace_id: UUID = ACME) -> None:
        super().__init__()
        self.turns, self.workspace_id = turns, workspace_id
        self.got, self.end, self.refused = threading.Event(), threading.Event(), threading.Event()

    def run(self) -> None:
        try:
            with self.turns.take(self.workspace_id):
                self.got.set()
                assert self.end.wait(SOON)
        except Unavailable:
            self.refused.set()


@contextmanager
def writing(turns: Turns, *workspaces: UUID) -> Iterator[list[Writer]]:
    """Threads that write for these workspaces."""
    writers = [Writer(turns, one) for one in workspaces]
    for writer in writers:
        writer.start()
        assert writer.got.wait(SOON)
    try:
        yield writers
    finally:
        for writer in writers:
            writer.end.set()
            writer.join(SOON)


def test_half_of_the_threads_write_and_others_find_theirs():
    turns = Turns(threads=2, patience=SOON)
    with writing(turns, ACME):
        with pytest.raises(Unavailable) as refused, turns.take(ACME):
            pass
        assert refused.value.extra == {"retry_after": 1}
        with turns.take(GLOBEX):
            pass
    with turns.take(ACME):
        pass


def test_one_waits_for_its_turn_and_gets_it():
    turns = Turns(threads=4, patience=SOON)
    with writing(turns, ACME, ACME) as (first, _second):
        third = Writer(turns)
        third.start()
        while not turns._waiting[ACME]:
            pass
        with pytest.raises(Unavailable), turns.take(ACME):
            pass  # a fourth would leave no thread to anybody else
        assert not third.got.is_set()
        first.end.set()
        assert third.got.wait(SOON)
        third.end.set()
        third.join(SOON)
    assert not turns._writing
    assert not turns._waiting


def test_who_waits_too_long_is_told_to_come_back():
    turns = Turns(threads=4, patience=0.01)
    with writing(turns, ACME, ACME), pytest.raises(Unavailable), turns.take(ACME):
        pass
    assert not turns._waiting


def test_a_thread_takes_its_turn_once():
    turns = Turns(threads=1, patience=SOON)
    with ExitStack() as inner, turns.take(ACME):
        inner.enter_context(turns.take(ACME))
        assert dict(turns._writing) == {ACME: 1}
    with turns.take(ACME), turns.take(GLOBEX):
        assert dict(turns._writing) == {ACME: 1, GLOBEX: 1}
    assert not turns._writing


def test_a_turn_ends_with_a_failure_too():
    turns = Turns(threads=2)
    with pytest.raises(ZeroDivisionError), turns.take(ACME):
        _ = 1 / 0
    assert not turns._writing
    with turns.take(ACME):
        assert dict(turns._writing) == {ACME: 1}
