"""The guards of seats where two sessions act at once without the workspace's lock; and the count is the database's."""

from django.db import migrations

# Whoever gives a seat holds its member still: else they are deactivated, or a lapsed one is renewed, beside it.
GIVEN = """
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
"""
UNDO_GIVEN = """
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
"""

# Any later end holds the pools, not only that of someone who has lapsed: the old end may come before this commits, and
# then another session would count the seat as free. The clock is the one after the wait for the pool.
RENEWED = """
CREATE OR REPLACE FUNCTION recount_renewed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE held record;
BEGIN
    FOR held IN
        SELECT product_id FROM billing_seats_seat
        WHERE workspace_id = NEW.workspace_id AND membership_id = NEW.id ORDER BY 1
    LOOP
        PERFORM FROM billing_seats_seatpool
            WHERE workspace_id = NEW.workspace_id AND product_id = held.product_id FOR NO KEY UPDATE;
        IF OLD.expires_at <= clock_timestamp() THEN
            PERFORM refuse_oversold(NEW.workspace_id, held.product_id);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
DROP TRIGGER seats_renewed ON members_membership;
CREATE TRIGGER seats_renewed AFTER UPDATE OF expires_at ON members_membership
    FOR EACH ROW WHEN (OLD.expires_at < coalesce(NEW.expires_at, 'infinity')) EXECUTE FUNCTION recount_renewed();
"""
UNDO_RENEWED = """
DROP TRIGGER seats_renewed ON members_membership;
CREATE OR REPLACE FUNCTION recount_renewed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE held record;
BEGIN
    FOR held IN
        SELECT product_id FROM billing_seats_seat
        WHERE workspace_id = NEW.workspace_id AND membership_id = NEW.id ORDER BY 1
    LOOP
        PERFORM FROM billing_seats_seatpool
            WHERE workspace_id = NEW.workspace_id AND product_id = held.product_id FOR NO KEY UPDATE;
        PERFORM refuse_oversold(NEW.workspace_id, held.product_id);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER seats_renewed AFTER UPDATE OF expires_at ON members_membership
    FOR EACH ROW
    WHEN (
        OLD.expires_at <= statement_timestamp()
        AND (NEW.expires_at IS NULL OR NEW.expires_at > statement_timestamp())
    )
    EXECUTE FUNCTION recount_renewed();
"""

# A statement of a caller runs at depth 0, what the counting triggers do runs deeper.
COUNTED = """
CREATE FUNCTION refuse_written_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'seats are counted, never written' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER count_not_changed BEFORE UPDATE OF assigned ON billing_seats_seatpool
    FOR EACH ROW WHEN (OLD.assigned <> NEW.assigned AND pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_written_count();
CREATE TRIGGER count_begins_at_nothing BEFORE INSERT ON billing_seats_seatpool
    FOR EACH ROW WHEN (NEW.assigned <> 0) EXECUTE FUNCTION refuse_written_count();
"""
UNDO_COUNTED = """
DROP TRIGGER count_begins_at_nothing ON billing_seats_seatpool;
DROP TRIGGER count_not_changed ON billing_seats_seatpool;
DROP FUNCTION refuse_written_count();
"""


class Migration(migrations.Migration):
    """Guards in SQL."""

    dependencies = [("billing_seats", "0004_outbox")]
    operations = [
        migrations.RunSQL(GIVEN, UNDO_GIVEN),
        migrations.RunSQL(RENEWED, UNDO_RENEWED),
        migrations.RunSQL(COUNTED, UNDO_COUNTED),
    ]
