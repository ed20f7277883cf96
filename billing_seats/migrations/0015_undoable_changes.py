"""A change to one member can be undone for a few seconds; a seat changes its member even after a wait for the lock."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

from members.ids import new_id

# A transaction that waited for the workspace's lock began before what it waited for: its age says nothing. A member
# whom it has written itself is new enough as it stands.
TOUCH = """
CREATE OR REPLACE FUNCTION note_change_of_seats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE members_membership m SET updated_at = statement_timestamp()
        FROM (SELECT DISTINCT workspace_id, membership_id FROM changed) c
        WHERE m.workspace_id = c.workspace_id AND m.id = c.membership_id AND m.xmin <> pg_current_xact_id()::xid;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing_seats", "0014_payment_status_and_wording"), ("members", "0015_members_page")]

    operations = [
        migrations.CreateModel(
            name="UndoableChange",
            fields=[
                ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
                ("actor_type", models.CharField(max_length=10)),
                ("actor_id", models.UUIDField(null=True)),
                ("member_id", models.UUIDField()),
                ("version", models.DateTimeField()),
                ("inverse", models.JSONField()),
                ("created_at", models.DateTimeField(db_default=Now())),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="undoable_changes",
                        to="members.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["workspace", "created_at"], name="undoable_change_by_age")],
            },
        ),
        migrations.RunSQL(TOUCH, migrations.RunSQL.noop),
    ]
