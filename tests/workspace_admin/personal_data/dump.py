"""What the database holds of somebody: every row of every table, as text."""

from collections.abc import Iterator

from django.db import connection

from members.models import Session

COLUMNS = """
SELECT quote_ident(attname), atttypid = 'bytea'::regtype FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
"""


def rows() -> Iterator[tuple[str, str]]:
    """Yield each row with its table; bytes and sessions are decoded."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(COLUMNS, [table])
            texts = [f"encode({name}, 'escape')" if raw else f"{name}::text" for name, raw in cursor.fetchall()]
            cursor.execute(f"SELECT concat_ws(' | ', {', '.join(texts)}) FROM {table}")
            yield from ((table, text) for (text,) in cursor.fetchall())
    for session in Session.objects.all():
        yield "members_session", str(session.get_decoded())


def rows_with(*words: str) -> list[tuple[str, str]]:
    """Return table and text of every row in which one of the words occurs, in any letter case."""
    return [(table, text) for table, text in rows() if any(word in text.lower() for word in words)]
