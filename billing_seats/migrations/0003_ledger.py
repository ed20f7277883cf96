"""What the Subscription page shows, and a guard: whoever is deactivated has given their seats back."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import members.ids
import members.outbox.queue

FREE_FIRST = """
CREATE FUNCTION refuse_deactivation_with_seats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM billing_seats_seat WHERE workspace_id = NEW.workspace_id AND membership_id = NEW.id
    ) THEN
        RAISE EXCEPTION 'a deactivated member holds no seat' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER seats_freed_before_deactivation AFTER UPDATE OF status ON members_membership
    FOR EACH ROW WHEN (NEW.status = 'deactivated') EXECUTE FUNCTION refuse_deactivation_with_seats();
"""
UNDO_FREE_FIRST = """
DROP TRIGGER seats_freed_before_deactivation ON members_membership;
DROP FUNCTION refuse_deactivation_with_seats();
"""


class Migration(migrations.Migration):
    """Tables, and the guard in SQL."""

    dependencies = [
        ("billing_seats", "0002_guards"),
        ("members", "0003_seats_before_and_sessions"),
    ]

    operations = [
        migrations.AddField(
            model_name="seatpool",
            name="refused_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.UUIDField(default=members.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("sending", "Sending"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                            ("unknown", "Unknown"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("leased_until", models.DateTimeField(null=True)),
                ("lease", models.UUIDField(null=True)),
                ("message_id", models.CharField(default=members.outbox.queue.new_message_id, max_length=255)),
                ("error", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("low", "Few seats left"), ("refused", "Invitation refused for want of a seat")],
                        max_length=10,
                    ),
                ),
                ("recipient", models.EmailField(max_length=254)),
                ("language", models.CharField(blank=True, max_length=8)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="billing_seats.product"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="members.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["workspace", "-created_at"], name="notice_newest_first"),
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "sending"])),
                        fields=["next_attempt_at"],
                        name="notice_due",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SeatDay",
            fields=[
                ("id", models.UUIDField(default=members.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("purchased", models.PositiveIntegerField()),
                ("in_use", models.PositiveIntegerField()),
                ("held", models.PositiveIntegerField()),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing_seats.product"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="seat_days",
                        to="members.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("workspace", "product", "day"), name="seat_day_once")],
            },
        ),
        migrations.RunSQL(FREE_FIRST, UNDO_FREE_FIRST),
    ]
