"""What was done to one person is found without reading what was done to the others."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("members", "0007_api_keys")]

    operations = [
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="auditevent",
            index=models.Index(fields=["workspace_id", "target_id", "-occurred_at", "-id"], name="audit_by_target"),
        ),
    ]
