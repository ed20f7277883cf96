"""The list by the end of access, and how each person likes their lists."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from members.clock import OrForever

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("members", "0014_erasure")]

    operations = [
        migrations.AddField("user", "compact_rows", models.BooleanField(default=False, db_default=False)),
        migrations.AddField("user", "shortcuts", models.BooleanField(default=True, db_default=True)),
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="membership",
            index=models.Index("workspace", OrForever("expires_at"), "id", name="membership_by_end"),
        ),
    ]
