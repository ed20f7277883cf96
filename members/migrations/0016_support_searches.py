"""Support staff find an address, a request and each other in all workspaces, without reading all rows."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("members", "0015_members_page")]

    operations = [
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        migrations.AlterModelOptions("auditevent", {"verbose_name": "event", "verbose_name_plural": "audit log"}),
        migrations.AlterModelOptions("membership", {"verbose_name": "member", "verbose_name_plural": "members"}),
        migrations.AlterModelOptions("user", {"verbose_name": "account", "verbose_name_plural": "accounts"}),
        migrations.AlterField(
            "user", "shortcuts", models.BooleanField("keyboard shortcuts", default=True, db_default=True)
        ),
        AddIndexConcurrently(
            model_name="auditevent",
            index=models.Index(fields=["target_label"], name="audit_by_subject"),
        ),
        AddIndexConcurrently(
            model_name="auditevent",
            index=models.Index(fields=["request_id"], name="audit_by_request", condition=~models.Q(request_id="")),
        ),
        AddIndexConcurrently(
            model_name="auditevent",
            index=models.Index(fields=["id"], name="audit_by_staff", condition=models.Q(actor_type="staff")),
        ),
        AddIndexConcurrently(
            model_name="membership",
            index=models.Index(fields=["email"], opclasses=["varchar_pattern_ops"], name="membership_by_email"),
        ),
    ]
