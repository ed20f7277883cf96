"""Many people at one moment, each on a connection of their own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection


def race(*acts: Callable[[], object]) -> list[object]:
    """Start every act behind one barrier; answer what each returned or raised."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            barrier.wait(30)
            return act()
        except Exception as error:  # noqa: BLE001 -- what was raised is the answer that the test looks at
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def refused(results: Sequence[object]) -> list[Exception]:
    """Return what was raised."""
    return [result for result in results if isinstance(result, Exception)]
