"""The index by which the offers that end soon are found, across workspaces."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("invitations", "0004_events")]

    operations = [
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="invitation",
            index=models.Index(
                condition=models.Q(("status", "pending")), fields=["expires_at"], name="invitation_ending"
            ),
        ),
    ]
