"""What providers tell of emails, who opened links, and what the daily limits count."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Now

import members.ids

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""
KEY = "CREATE UNIQUE INDEX CONCURRENTLY delivery_tenant_key ON invitations_delivery (workspace_id, id)"
KEEP = "ALTER TABLE invitations_delivery ADD CONSTRAINT delivery_tenant_key UNIQUE USING INDEX delivery_tenant_key"
UNDO_KEY = "ALTER TABLE invitations_delivery DROP CONSTRAINT delivery_tenant_key"
TENANT = """
ALTER TABLE invitations_deliveryevent
    ADD CONSTRAINT delivery_event_of_tenant FOREIGN KEY (workspace_id, delivery_id)
        REFERENCES invitations_delivery (workspace_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE invitations_linkopening
    ADD CONSTRAINT link_opening_of_tenant FOREIGN KEY (workspace_id, invitation_id)
        REFERENCES invitations_invitation (workspace_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""


def workspace(name: str) -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name=name, to="members.workspace"
    )


def row_of_tenant(name: str, to: str) -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name=name,
        to=to,
    )


def key() -> models.UUIDField:
    return models.UUIDField(default=members.ids.new_id, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("invitations", "0003_outbox")]

    operations = [
        migrations.AlterField(
            model_name="delivery",
            name="kind",
            field=models.CharField(
                choices=[
                    ("invitation", "Invitation"),
                    ("reminder", "Reminder"),
                    ("asked", "Asked for a new link"),
                    ("joined", "Joined"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddField(model_name="delivery", name="sender_id", field=models.UUIDField(null=True)),
        migrations.AddField(
            model_name="delivery", name="soft", field=models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddField(model_name="delivery", name="released_at", field=models.DateTimeField(null=True)),
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(KEY, migrations.RunSQL.noop),
                migrations.RunSQL(KEEP, UNDO_KEY),
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name="delivery",
                    constraint=models.UniqueConstraint(fields=("workspace", "id"), name="delivery_tenant_key"),
                )
            ],
        ),
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(fields=["workspace", "recipient", "created_at"], name="delivery_by_recipient"),
        ),
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("kind", "invitation")), fields=["workspace", "created_at"], name="delivery_counted"
            ),
        ),
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("sender_id__isnull", False)),
                fields=["sender_id", "created_at"],
                name="delivery_by_sender",
            ),
        ),
        AddIndexConcurrently(
            model_name="delivery", index=models.Index(fields=["message_id"], name="delivery_by_message_id")
        ),
        RemoveIndexConcurrently(model_name="delivery", name="delivery_bounced"),
        migrations.CreateModel(
            name="DeliveryEvent",
            fields=[
                ("id", key()),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("sent", "Sent"),
                            ("delayed", "Delayed"),
                            ("failed", "Failed"),
                            ("delivered", "Delivered"),
                            ("returned", "Returned for now"),
                            ("bounced", "Bounced"),
                            ("complained", "Complained"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("event_id", models.CharField(blank=True, max_length=255)),
                ("detail", models.CharField(blank=True, max_length=500)),
                ("delivery", row_of_tenant("events", "invitations.delivery")),
                ("workspace", workspace("delivery_events")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "delivery", "type", "at"), name="delivery_event_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="LinkOpening",
            fields=[
                ("id", key()),
                ("number", models.PositiveSmallIntegerField()),
                ("generation", models.PositiveIntegerField()),
                ("at", models.DateTimeField(db_default=Now())),
                ("method", models.CharField(max_length=4)),
                ("agent", models.CharField(blank=True, max_length=200)),
                ("followed", models.BooleanField(default=False)),
                ("invitation", row_of_tenant("openings", "invitations.invitation")),
                ("workspace", workspace("link_openings")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "invitation", "number"), name="link_opening_once")
                ],
            },
        ),
        migrations.RunSQL(TENANT, migrations.RunSQL.noop),
    ]
