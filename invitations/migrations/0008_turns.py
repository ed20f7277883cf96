"""Whose email is due is found workspace by workspace."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("invitations", "0007_webhook_tokens")]

    operations = [
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                fields=["workspace", "next_attempt_at"],
                name="delivery_turns",
                condition=models.Q(state__in=["queued", "sending", "unknown"]),
            ),
        ),
        RemoveIndexConcurrently(model_name="delivery", name="delivery_open"),
    ]
