"""What the provider calls a message, why one failed, and the indexes that the outbox is searched by."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("members", "0003_seats_before_and_sessions")]

    operations = [
        migrations.AddField(
            model_name="accountmail",
            name="provider_message_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.AddField(
            model_name="accountmail",
            name="error_code",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.CreateModel(
            name="MailCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("outbox", models.CharField(max_length=20)),
                ("result", models.CharField(max_length=12)),
                ("count", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("outbox", "result"), name="mail_count_once")],
            },
        ),
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="accountmail",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "sending", "unknown"])),
                fields=["next_attempt_at"],
                name="account_mail_open",
            ),
        ),
        AddIndexConcurrently(
            model_name="accountmail",
            index=models.Index(
                condition=models.Q(("state", "failed")), fields=["next_attempt_at"], name="account_mail_failed"
            ),
        ),
        AddIndexConcurrently(
            model_name="accountmail",
            index=models.Index(
                condition=models.Q(("provider_message_id", ""), _negated=True),
                fields=["provider_message_id"],
                name="account_mail_by_provider",
            ),
        ),
        RemoveIndexConcurrently(model_name="accountmail", name="account_mail_due"),
    ]
