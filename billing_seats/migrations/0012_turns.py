"""Whose email is due is found workspace by workspace."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("billing_seats", "0011_seats_change_their_member")]

    operations = [
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="notice",
            index=models.Index(
                fields=["workspace", "next_attempt_at"],
                name="notice_turns",
                condition=models.Q(state__in=["queued", "sending", "unknown"]),
            ),
        ),
        RemoveIndexConcurrently(model_name="notice", name="notice_open"),
    ]
