"""What the database itself holds: an append-only audit log, and the table of the database cache."""

from django.db import migrations

# Labels and addresses may be blanked (a person's erasure); nothing else of an event can change, and none can go.
AUDIT = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND NEW.actor_label IN (OLD.actor_label, '') AND NEW.target_label IN (OLD.target_label, '')
        AND (to_jsonb(NEW) - 'actor_label' - 'target_label') = (to_jsonb(OLD) - 'actor_label' - 'target_label')
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON members_auditevent
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON members_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
"""
UNDO_AUDIT = """
DROP TRIGGER audit_append_only ON members_auditevent;
DROP TRIGGER audit_no_truncate ON members_auditevent;
DROP FUNCTION refuse_audit_change();
"""
CACHE = """
CREATE TABLE cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
CREATE INDEX cache_expires ON cache (expires);
"""


class Migration(migrations.Migration):
    """Guards in SQL."""

    dependencies = [("members", "0001_initial")]
    operations = [
        migrations.RunSQL(AUDIT, UNDO_AUDIT),
        migrations.RunSQL(CACHE, "DROP TABLE cache"),
    ]
