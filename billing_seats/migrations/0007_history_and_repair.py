"""Rows of the history that are too old are found by their day, and a counter that drifted can be set right."""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""

# The truth may be written, and nothing else.
TRUE = """
CREATE OR REPLACE FUNCTION refuse_written_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.assigned = (
        SELECT count(*) FROM billing_seats_seat s
        WHERE s.workspace_id = NEW.workspace_id AND s.product_id = NEW.product_id
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'seats are counted, never written' USING ERRCODE = 'check_violation';
END $$;
"""
NEVER = """
CREATE OR REPLACE FUNCTION refuse_written_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'seats are counted, never written' USING ERRCODE = 'check_violation';
END $$;
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("billing_seats", "0006_product_keys")]

    operations = [
        migrations.RunSQL(TRUE, NEVER),
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="seatday", index=BrinIndex(autosummarize=True, fields=["day"], name="seat_day_by_age")
        ),
    ]
