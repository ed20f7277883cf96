"""Every order of the members list, by role too and of those whose access ends, is read from an index."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

from members.clock import OrNever

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("members", "0009_audit_by_person")]

    operations = [
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="membership",
            index=models.Index("workspace", OrNever("joined_at"), "id", name="membership_by_joining"),
        ),
        AddIndexConcurrently(
            model_name="membership",
            index=models.Index("workspace", OrNever("last_active_at"), "id", name="membership_by_activity"),
        ),
        AddIndexConcurrently(
            model_name="membership",
            index=models.Index("workspace", "status", OrNever("joined_at"), "id", name="membership_status_by_joining"),
        ),
        AddIndexConcurrently(
            model_name="membership",
            index=models.Index(
                "workspace", "status", OrNever("last_active_at"), "id", name="membership_status_by_activity"
            ),
        ),
        AddIndexConcurrently(
            model_name="membership",
            index=models.Index(fields=["workspace", "role", "sort_name", "id"], name="membership_by_role"),
        ),
        AddIndexConcurrently(
            model_name="membership",
            index=models.Index(
                fields=["workspace", "status", "sort_name", "id"],
                name="membership_dated_by_name",
                condition=Q(expires_at__isnull=False),
            ),
        ),
    ]
