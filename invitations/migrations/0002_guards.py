"""What the database itself holds: offers and emails of one tenant never point at another's rows."""

from django.db import migrations

TENANT = """
ALTER TABLE invitations_invitation
    ADD CONSTRAINT invitation_membership_of_tenant FOREIGN KEY (workspace_id, membership_id)
        REFERENCES members_membership (workspace_id, id) ON DELETE SET NULL (membership_id)
        DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE invitations_delivery
    ADD CONSTRAINT delivery_invitation_of_tenant FOREIGN KEY (workspace_id, invitation_id)
        REFERENCES invitations_invitation (workspace_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""
UNDO_TENANT = """
ALTER TABLE invitations_invitation DROP CONSTRAINT invitation_membership_of_tenant;
ALTER TABLE invitations_delivery DROP CONSTRAINT delivery_invitation_of_tenant;
"""


class Migration(migrations.Migration):
    """Guards in SQL."""

    dependencies = [("invitations", "0001_initial"), ("members", "0002_guards")]
    operations = [migrations.RunSQL(TENANT, UNDO_TENANT)]
