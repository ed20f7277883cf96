"""API keys, the answers kept of POSTs that may be repeated, and how many calls a key made."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import members.ids

# Counted at every call and worth nothing after a minute: not worth a wait for the disk, and updated in place.
UNLOGGED = """
ALTER TABLE members_callcount SET UNLOGGED;
ALTER TABLE members_callcount SET (fillfactor = 50);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0006_audit_by_action"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.UUIDField(default=members.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("digest", models.BinaryField(max_length=32)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                ("revoked_at", models.DateTimeField(editable=False, null=True)),
                ("last_used_at", models.DateTimeField(editable=False, null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_keys",
                        to="members.workspace",
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[("read", "Read"), ("write", "Read and write")], max_length=5, verbose_name="scope"
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="api_keys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["workspace", "-created_at", "-id"], name="api_key_newest_first")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(scope__in=["read", "write"]), name="api_key_scope_is_known"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="KeptAnswer",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "caller", "key", "part", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("caller", models.UUIDField()),
                ("key", models.CharField(max_length=255)),
                ("part", models.PositiveSmallIntegerField()),
                ("fingerprint", models.BinaryField(max_length=32)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("body", models.BinaryField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={"indexes": [models.Index(fields=["created_at"], name="kept_answer_by_age")]},
        ),
        migrations.CreateModel(
            name="CallCount",
            fields=[
                ("key_id", models.UUIDField(primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("calls", models.PositiveIntegerField()),
            ],
        ),
        migrations.RunSQL(UNLOGGED, migrations.RunSQL.noop),
    ]
