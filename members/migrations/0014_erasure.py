"""A person's erasure: the audit log lets go of names and addresses then, and only then."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

UNBOUNDED = "SET statement_timeout = 0; SET lock_timeout = 0"
"""An index over a big table takes its time; made concurrently, it keeps nobody waiting."""
# Only while `members.erasing` is set in the transaction: labels, reasons and what changed of a person may be blanked.
# Nothing else of an event can change, and none can go.
AUDIT = """
CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    blankable text[] := ARRAY['actor_label', 'target_label', 'reason', 'changes'];
    personal text[] := ARRAY['email', 'name', 'external_id', 'metadata'];
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('members.erasing', true) = 'on' THEN
        IF NEW.actor_label IN (OLD.actor_label, '') AND NEW.target_label IN (OLD.target_label, '')
            AND NEW.reason IN (OLD.reason, '')
            AND (to_jsonb(NEW) - blankable) = (to_jsonb(OLD) - blankable)
            AND (NEW.changes - personal) = (OLD.changes - personal)
            AND NOT EXISTS (
                SELECT FROM unnest(personal) field
                WHERE NEW.changes -> field IS DISTINCT FROM OLD.changes -> field
                    AND (NEW.changes -> field IS DISTINCT FROM '[null, null]' OR NOT OLD.changes ? field)
            )
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
"""
BEFORE = """
CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND NEW.actor_label IN (OLD.actor_label, '') AND NEW.target_label IN (OLD.target_label, '')
        AND (to_jsonb(NEW) - 'actor_label' - 'target_label') = (to_jsonb(OLD) - 'actor_label' - 'target_label')
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("members", "0013_jobs")]

    operations = [
        migrations.RunSQL(AUDIT, BEFORE),
        migrations.RunSQL(UNBOUNDED, UNBOUNDED),
        AddIndexConcurrently(
            model_name="auditevent",
            index=models.Index(
                fields=["workspace_id"],
                name="audit_with_words",
                condition=~Q(reason="") | Q(changes__has_key="email"),
            ),
        ),
    ]
