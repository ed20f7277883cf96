"""What the database itself holds: seats of one tenant only, counted, and never more live ones than were bought."""

from django.db import migrations

TENANT = """
ALTER TABLE billing_seats_seat
    ADD CONSTRAINT seat_membership_of_tenant FOREIGN KEY (workspace_id, membership_id)
        REFERENCES members_membership (workspace_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT seat_pool_of_tenant FOREIGN KEY (workspace_id, product_id)
        REFERENCES billing_seats_seatpool (workspace_id, product_id) DEFERRABLE INITIALLY DEFERRED;
"""
UNDO_TENANT = """
ALTER TABLE billing_seats_seat DROP CONSTRAINT seat_membership_of_tenant, DROP CONSTRAINT seat_pool_of_tenant;
"""

# Pools are locked in the order of product ids, so that two transactions can never wait for each other in a ring.
# Taken = assigned minus the seats of lapsed memberships, which are looked at only when assigned exceeds purchased.
COUNT = """
CREATE FUNCTION seats_taken(workspace uuid, product uuid, assigned integer) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT assigned - count(*)
    FROM members_membership m
    JOIN billing_seats_seat s ON s.workspace_id = m.workspace_id AND s.membership_id = m.id
    WHERE m.workspace_id = workspace AND s.product_id = product
        AND m.expires_at IS NOT NULL AND m.expires_at <= statement_timestamp()
$$;

CREATE FUNCTION refuse_oversold(workspace uuid, product uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE pool billing_seats_seatpool;
BEGIN
    SELECT * INTO pool FROM billing_seats_seatpool p WHERE p.workspace_id = workspace AND p.product_id = product;
    IF pool.assigned > pool.purchased AND seats_taken(workspace, product, pool.assigned) > pool.purchased THEN
        RAISE EXCEPTION 'no seat of this product is left'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seats_exhausted';
    END IF;
END $$;

CREATE FUNCTION count_given_seats() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE FUNCTION count_taken_seats() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE change record;
BEGIN
    FOR change IN SELECT workspace_id, product_id, count(*) AS n FROM taken GROUP BY 1, 2 ORDER BY 1, 2 LOOP
        UPDATE billing_seats_seatpool SET assigned = assigned - change.n
            WHERE workspace_id = change.workspace_id AND product_id = change.product_id;
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION refuse_seat_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a seat is given and taken, never changed' USING ERRCODE = 'check_violation';
END $$;

CREATE FUNCTION recount_renewed() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER seats_given AFTER INSERT ON billing_seats_seat
    REFERENCING NEW TABLE AS given FOR EACH STATEMENT EXECUTE FUNCTION count_given_seats();
CREATE TRIGGER seats_taken AFTER DELETE ON billing_seats_seat
    REFERENCING OLD TABLE AS taken FOR EACH STATEMENT EXECUTE FUNCTION count_taken_seats();
CREATE TRIGGER seats_unchanged BEFORE UPDATE OF workspace_id, membership_id, product_id ON billing_seats_seat
    FOR EACH ROW EXECUTE FUNCTION refuse_seat_change();
CREATE TRIGGER seats_renewed AFTER UPDATE OF expires_at ON members_membership
    FOR EACH ROW
    WHEN (
        OLD.expires_at <= statement_timestamp()
        AND (NEW.expires_at IS NULL OR NEW.expires_at > statement_timestamp())
    )
    EXECUTE FUNCTION recount_renewed();
"""
UNDO_COUNT = """
DROP TRIGGER seats_renewed ON members_membership;
DROP TRIGGER seats_unchanged ON billing_seats_seat;
DROP TRIGGER seats_taken ON billing_seats_seat;
DROP TRIGGER seats_given ON billing_seats_seat;
DROP FUNCTION recount_renewed(), refuse_seat_change(), count_taken_seats(), count_given_seats();
DROP FUNCTION refuse_oversold(uuid, uuid), seats_taken(uuid, uuid, integer);
"""


class Migration(migrations.Migration):
    """Guards in SQL."""

    dependencies = [("billing_seats", "0001_initial"), ("members", "0002_guards")]
    operations = [migrations.RunSQL(TENANT, UNDO_TENANT), migrations.RunSQL(COUNT, UNDO_COUNT)]
