"""What one person did, and what was done under one label, is found without reading the rest."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("members", "0008_audit_by_target")]

    operations = [
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="auditevent",
            index=models.Index(fields=["workspace_id", "actor_id", "-occurred_at", "-id"], name="audit_by_actor"),
        ),
        AddIndexConcurrently(
            model_name="auditevent",
            index=models.Index(fields=["workspace_id", "target_label", "-occurred_at", "-id"], name="audit_by_label"),
        ),
    ]
