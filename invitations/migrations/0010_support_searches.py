"""Support staff find the invitations to an address in all workspaces, without reading all rows."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("invitations", "0009_lost_mails")]

    operations = [
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="invitation",
            index=models.Index(fields=["email"], opclasses=["varchar_pattern_ops"], name="invitation_by_email"),
        ),
    ]
