"""A seat given or taken changes its member: whoever asks what changed since a moment sees it."""

from django.db import migrations

# A member written in this transaction, such as one just invited, is new enough as it stands.
TOUCH = """
CREATE FUNCTION note_change_of_seats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE members_membership m SET updated_at = statement_timestamp()
        FROM (SELECT DISTINCT workspace_id, membership_id FROM changed) c
        WHERE m.workspace_id = c.workspace_id AND m.id = c.membership_id AND m.updated_at < transaction_timestamp();
    RETURN NULL;
END $$;
CREATE TRIGGER z_member_given_seats AFTER INSERT ON billing_seats_seat
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_change_of_seats();
CREATE TRIGGER z_member_lost_seats AFTER DELETE ON billing_seats_seat
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_change_of_seats();
"""
UNDO_TOUCH = """
DROP TRIGGER z_member_given_seats ON billing_seats_seat;
DROP TRIGGER z_member_lost_seats ON billing_seats_seat;
DROP FUNCTION note_change_of_seats();
"""


class Migration(migrations.Migration):
    """When members last changed."""

    dependencies = [("billing_seats", "0010_pools_stand"), ("members", "0011_external_ids")]
    operations = [migrations.RunSQL(TOUCH, UNDO_TOUCH)]
