"""What the provider calls a message, why one failed, and the indexes that the outbox is searched by."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("invitations", "0002_guards")]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="provider_message_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.AddField(
            model_name="delivery",
            name="error_code",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "sending", "unknown"])),
                fields=["next_attempt_at"],
                name="delivery_open",
            ),
        ),
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "failed")), fields=["next_attempt_at"], name="delivery_failed"
            ),
        ),
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("provider_message_id", ""), _negated=True),
                fields=["provider_message_id"],
                name="delivery_by_provider",
            ),
        ),
        RemoveIndexConcurrently(model_name="delivery", name="delivery_due"),
    ]
