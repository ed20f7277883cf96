"""How many mails ended how, for the metrics: one row an outbox and result, written once a drain."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import connection, models

_ADD = """
INSERT INTO members_mailcount (outbox, result, count) VALUES (%s, %s, %s)
ON CONFLICT (outbox, result) DO UPDATE SET count = members_mailcount.count + excluded.count
"""


class MailCount(models.Model):
    """A counter: it outlives the rows that it counted, and no worker's memory is asked for it."""

    outbox = models.CharField(max_length=20)
    result = models.CharField(max_length=12)
    count = models.BigIntegerField(default=0)

    class Meta:
        app_label = "members"
        constraints: ClassVar = [models.UniqueConstraint(fields=["outbox", "result"], name="mail_count_once")]

    def __str__(self) -> str:
        return f"{self.outbox} {self.result}"


def add(outbox: str, counted: Mapping[str, int]) -> None:
    """Add what one drain did, by result; always in the same order, so that two drains never wait in a circle."""
    rows = [(outbox, result, count) for result, count in sorted(counted.items()) if count]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_ADD, rows)
