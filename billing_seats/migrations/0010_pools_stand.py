"""A pool stands before its seats and under them: else one put anew, or moved, would begin to count at nothing."""

from django.db import migrations

# Of a pool that is not there, or goes at this moment, there is nothing to count in.
BOUGHT = """
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
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no seat of this product was bought' USING ERRCODE = 'check_violation';
        END IF;
        PERFORM refuse_oversold(change.workspace_id, change.product_id);
    END LOOP;
    RETURN NULL;
END $$;
"""
UNDO_BOUGHT = """
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

STANDS = """
CREATE FUNCTION refuse_pool_under_seats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM billing_seats_seat WHERE workspace_id = NEW.workspace_id AND product_id = NEW.product_id
    ) THEN
        RAISE EXCEPTION 'a pool stands before its seats' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION refuse_pool_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a pool stays with its workspace and product' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER pool_before_its_seats BEFORE INSERT ON billing_seats_seatpool
    FOR EACH ROW EXECUTE FUNCTION refuse_pool_under_seats();
CREATE TRIGGER pool_not_moved BEFORE UPDATE OF workspace_id, product_id ON billing_seats_seatpool
    FOR EACH ROW WHEN (OLD.workspace_id <> NEW.workspace_id OR OLD.product_id <> NEW.product_id)
    EXECUTE FUNCTION refuse_pool_moved();
"""
UNDO_STANDS = """
DROP TRIGGER pool_not_moved ON billing_seats_seatpool;
DROP TRIGGER pool_before_its_seats ON billing_seats_seatpool;
DROP FUNCTION refuse_pool_moved(), refuse_pool_under_seats();
"""


class Migration(migrations.Migration):
    """Guards in SQL."""

    dependencies = [("billing_seats", "0009_seats_that_end")]
    operations = [migrations.RunSQL(BOUGHT, UNDO_BOUGHT), migrations.RunSQL(STANDS, UNDO_STANDS)]
