"""Customers' own ids and labels on members, and when a member last changed.

Each column has a constant default, so that adding it rewrites nothing; the indexes are made concurrently.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Now

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""
# A model that was read earlier and is saved whole would put an older time back.
TOUCH = """
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := statement_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER member_changed BEFORE UPDATE ON members_membership
    FOR EACH ROW WHEN (
        NEW.updated_at < OLD.updated_at OR
        (OLD.user_id, OLD.email, OLD.name, OLD.role, OLD.status, OLD.expires_at, OLD.joined_at, OLD.external_id,
            OLD.metadata)
        IS DISTINCT FROM
        (NEW.user_id, NEW.email, NEW.name, NEW.role, NEW.status, NEW.expires_at, NEW.joined_at, NEW.external_id,
            NEW.metadata)
    )
    EXECUTE FUNCTION note_change();
"""
UNDO_TOUCH = """
DROP TRIGGER member_changed ON members_membership;
DROP FUNCTION note_change();
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("members", "0010_orders_of_the_list")]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="external_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.AddField(
            model_name="membership",
            name="metadata",
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name="membership",
            name="updated_at",
            field=models.DateTimeField(db_default=Now(), editable=False),
        ),
        migrations.RunSQL(TOUCH, UNDO_TOUCH),
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="membership",
            index=models.Index(fields=["workspace", "updated_at", "id"], name="membership_by_change"),
        ),
        AddIndexConcurrently(
            model_name="membership",
            index=models.Index(
                fields=["workspace", "external_id"],
                name="membership_by_external_id",
                condition=~models.Q(external_id=""),
            ),
        ),
    ]
