"""Seats know when they end, so that those that lapsed or are held are counted by an index, without their members."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""

# Whoever gives a seat holds its member still: else they are deactivated, or a lapsed one is renewed, beside it. What is
# read with that lock is the newest there is. Of two triggers the first by name runs first: a seat knows its new end
# before it is counted.
FOLLOW = """
CREATE FUNCTION read_end_of_seat() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT m.expires_at, m.status = 'invited' INTO NEW.ends_at, NEW.held FROM members_membership m
        WHERE m.workspace_id = NEW.workspace_id AND m.id = NEW.membership_id FOR SHARE;
    NEW.held := coalesce(NEW.held, false);
    RETURN NEW;
END $$;
CREATE FUNCTION write_end_of_seats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE billing_seats_seat SET ends_at = NEW.expires_at, held = NEW.status = 'invited'
        WHERE workspace_id = NEW.workspace_id AND membership_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER seat_reads_its_end BEFORE INSERT ON billing_seats_seat
    FOR EACH ROW EXECUTE FUNCTION read_end_of_seat();
CREATE TRIGGER seats_follow_their_member AFTER UPDATE OF expires_at, status ON members_membership
    FOR EACH ROW WHEN (
        OLD.expires_at IS DISTINCT FROM NEW.expires_at OR (OLD.status = 'invited') <> (NEW.status = 'invited')
    )
    EXECUTE FUNCTION write_end_of_seats();
"""
UNDO_FOLLOW = """
DROP TRIGGER seats_follow_their_member ON members_membership;
DROP TRIGGER seat_reads_its_end ON billing_seats_seat;
DROP FUNCTION write_end_of_seats(), read_end_of_seat();
"""

# In the order in which whoever changes an end locks: the member, then the seats.
CATCH_UP = """
WITH dated AS MATERIALIZED (
    SELECT m.workspace_id, m.id, m.expires_at, m.status FROM members_membership m
    WHERE m.expires_at IS NOT NULL FOR SHARE
)
UPDATE billing_seats_seat s SET ends_at = d.expires_at, held = d.status = 'invited' FROM dated d
    WHERE s.workspace_id = d.workspace_id AND s.membership_id = d.id;
"""

COUNT = """
CREATE OR REPLACE FUNCTION seats_taken(workspace uuid, product uuid, assigned integer)
RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT assigned - count(*) FROM billing_seats_seat s
    WHERE s.workspace_id = workspace AND s.product_id = product AND s.ends_at <= statement_timestamp()
$$;
CREATE OR REPLACE FUNCTION count_given_seats() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE change record;
BEGIN
    IF EXISTS (
        SELECT FROM given g JOIN members_membership m ON m.workspace_id = g.workspace_id AND m.id = g.membership_id
        WHERE m.status = 'deactivated'
    ) THEN
        RAISE EXCEPTION 'a deactivated member holds no seat' USING ERRCODE = 'check_violation';
    END IF;
    FOR change IN SELECT workspace_id, product_id, count(*) AS n FROM given GROUP BY 1, 2 ORDER BY 1, 2 LOOP
        UPDATE billing_seats_seatpool SET assigned = assigned + change.n
            WHERE workspace_id = change.workspace_id AND product_id = change.product_id;
        PERFORM refuse_oversold(change.workspace_id, change.product_id);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER seat_ends_with_its_member BEFORE UPDATE OF ends_at, held ON billing_seats_seat
    FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_seat_change();
"""
UNDO_COUNT = """
DROP TRIGGER seat_ends_with_its_member ON billing_seats_seat;
CREATE OR REPLACE FUNCTION count_given_seats() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE change record;
BEGIN
    PERFORM FROM members_membership m JOIN given g ON m.workspace_id = g.workspace_id AND m.id = g.membership_id
        ORDER BY m.id FOR SHARE OF m;
    IF EXISTS (
        SELECT FROM given g JOIN members_membership m ON m.workspace_id = g.workspace_id AND m.id = g.membership_id
        WHERE m.status = 'deactivated'
    ) THEN
        RAISE EXCEPTION 'a deactivated member holds no seat' USING ERRCODE = 'check_violation';
    END IF;
    FOR change IN SELECT workspace_id, product_id, count(*) AS n FROM given GROUP BY 1, 2 ORDER BY 1, 2 LOOP
        UPDATE billing_seats_seatpool SET assigned = assigned + change.n
            WHERE workspace_id = change.workspace_id AND product_id = change.product_id;
        PERFORM refuse_oversold(change.workspace_id, change.product_id);
    END LOOP;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION seats_taken(workspace uuid, product uuid, assigned integer)
RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT assigned - count(*)
    FROM members_membership m
    JOIN billing_seats_seat s ON s.workspace_id = m.workspace_id AND s.membership_id = m.id
    WHERE m.workspace_id = workspace AND s.product_id = product
        AND m.expires_at IS NOT NULL AND m.expires_at <= statement_timestamp()
$$;
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("billing_seats", "0008_entitlement_max_age")]

    operations = [
        migrations.AddField(model_name="seat", name="ends_at", field=models.DateTimeField(editable=False, null=True)),
        migrations.AddField(
            model_name="seat",
            name="held",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.RunSQL(FOLLOW, UNDO_FOLLOW),
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        migrations.RunSQL(CATCH_UP, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="seat",
            index=models.Index(
                condition=models.Q(("ends_at__isnull", False)),
                fields=["workspace", "product", "ends_at"],
                include=["held"],
                name="seat_ending",
            ),
        ),
        migrations.RunSQL(COUNT, UNDO_COUNT),
    ]
