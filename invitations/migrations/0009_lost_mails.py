"""Invitations whose email did not arrive are found by an index."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("invitations", "0008_turns")]

    operations = [
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                fields=["workspace", "invitation"],
                name="delivery_lost",
                condition=models.Q(kind="invitation")
                & (models.Q(outcome__in=["bounced", "complained"]) | models.Q(state="failed")),
            ),
        ),
    ]
