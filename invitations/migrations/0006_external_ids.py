"""Customers' own ids and labels on invitations, when an invitation last changed, and the suppressed addresses' index."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Now

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""
# While an invitation is pending, its role, seats and end are its member's.
TOUCH = """
CREATE TRIGGER invitation_changed BEFORE UPDATE ON invitations_invitation
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION note_change();
CREATE FUNCTION note_change_of_invitee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE invitations_invitation SET updated_at = NEW.updated_at
        WHERE workspace_id = NEW.workspace_id AND membership_id = NEW.id AND status = 'pending';
    RETURN NULL;
END $$;
CREATE TRIGGER z_invitee_changed AFTER UPDATE ON members_membership
    FOR EACH ROW WHEN (NEW.status = 'invited' AND OLD.updated_at <> NEW.updated_at)
    EXECUTE FUNCTION note_change_of_invitee();
"""
UNDO_TOUCH = """
DROP TRIGGER z_invitee_changed ON members_membership;
DROP FUNCTION note_change_of_invitee();
DROP TRIGGER invitation_changed ON invitations_invitation;
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("invitations", "0005_reminders"), ("members", "0011_external_ids")]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="external_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.AddField(
            model_name="invitation",
            name="metadata",
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name="invitation",
            name="updated_at",
            field=models.DateTimeField(db_default=Now(), editable=False),
        ),
        migrations.RunSQL(TOUCH, UNDO_TOUCH),
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="invitation",
            index=models.Index(fields=["workspace", "updated_at", "id"], name="invitation_by_change"),
        ),
        AddIndexConcurrently(
            model_name="invitation",
            index=models.Index(
                fields=["workspace", "external_id"],
                name="invitation_by_external_id",
                condition=~models.Q(external_id=""),
            ),
        ),
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                fields=["workspace", "recipient"],
                name="delivery_suppressed",
                condition=models.Q(outcome__in=["bounced", "complained"], soft=False, released_at=None),
            ),
        ),
    ]
