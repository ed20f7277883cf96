"""What inviting 1,000 addresses by one call costs, beside bare bulk inserts of the same rows over one connection.

The bare inserts know what the call has to find out: ids, texts and which rows there are. They too commit each hundred.
"""

import time
from collections.abc import Callable, Iterator
from itertools import batched
from statistics import median
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from tests.performance.hosts import DOMAIN

ADDRESSES = 1_000
CHUNK = 100
ROUNDS = 3
AIM = 3
SEATS = 2 * ROUNDS * ADDRESSES
"""What the call and the bare inserts take together."""
TABLES = {
    "members_membership": "email LIKE %s",
    "invitations_invitation": "email LIKE %s",
    "billing_seats_seat": "membership_id IN (SELECT id FROM members_membership WHERE email LIKE %s)",
    "invitations_delivery": "recipient LIKE %s",
    "members_auditevent": "target_label LIKE %s",
}
"""Where the call writes, and how its rows are known; in an order that foreign keys allow."""
type Table = tuple[str, list[tuple[str, str]], list[tuple[Any, ...]]]


def addresses(word: str) -> list[str]:
    """Return this many unused addresses."""
    return [f"{word}-{number}@{DOMAIN}" for number in range(ADDRESSES)]


def written(word: str) -> Iterator[Table]:
    """Yield each table with its columns, their types, and the rows of the call that invited these addresses."""
    with connection.cursor() as cursor:
        for table, where in TABLES.items():
            cursor.execute(
                "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
                " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
                [table],
            )
            columns = cursor.fetchall()
            names = ", ".join(f'"{name}"' for name, _type in columns)
            cursor.execute(f"SELECT {names} FROM {table} WHERE {where} ORDER BY id", [f"{word}-%"])
            rows = cursor.fetchall()
            assert len(rows) == ADDRESSES, (table, len(rows))
            yield table, columns, rows


def anew(tables: list[Table], word: str, other: str) -> list[Table]:
    """Return copies of the rows with new addresses and ids."""
    from members.ids import new_id  # noqa: PLC0415 -- after the set-up

    ids = {row[0]: new_id() for _table, _columns, rows in tables for row in rows}

    def other_value(value: Any) -> Any:
        if isinstance(value, UUID):
            return ids.get(value, value)
        return value.replace(word, other) if isinstance(value, str) else value

    return [(table, columns, [tuple(map(other_value, row)) for row in rows]) for table, columns, rows in tables]


def insert(tables: list[Table]) -> None:
    """Write the rows, a chunk of each table by one statement."""
    chunks = [list(batched(rows, CHUNK)) for _table, _columns, rows in tables]
    for parts in zip(*chunks, strict=True):
        with transaction.atomic(), connection.cursor() as cursor:
            for (table, columns, _rows), part in zip(tables, parts, strict=True):
                row = f"({', '.join(f'%s::{kind}' for _name, kind in columns)})"
                names = ", ".join(f'"{name}"' for name, _kind in columns)
                sql = f"INSERT INTO {table} ({names}) VALUES {', '.join([row] * len(part))}"
                cursor.execute(sql, [value for values in part for value in values])


def took(act: Callable[[], object]) -> float:
    """Return the seconds it took."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def measure(call: Callable[[list[str]], object]) -> tuple[float, float]:
    """Return the median seconds of the call and of the bare inserts, measured alternately."""
    calls, inserts = [], []
    for _ in range(ROUNDS):
        word = f"b{time.monotonic_ns()}"
        invited = addresses(word)
        calls.append(took(lambda invited=invited: call(invited)))
        rows = anew(list(written(word)), word, f"c{word}")
        inserts.append(took(lambda rows=rows: insert(rows)))
    return median(calls), median(inserts)
