"""Sessions that know whose they are; those of Django's own table go on."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

CARRY_ON = """
INSERT INTO members_session (session_key, session_data, expire_date, agent)
SELECT session_key, session_data, expire_date, '' FROM django_session WHERE expire_date > statement_timestamp()
"""


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0004_outbox"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Session",
            fields=[
                (
                    "session_key",
                    models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="session key"),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("agent", models.CharField(blank=True, max_length=300)),
                ("seen_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"verbose_name": "session", "verbose_name_plural": "sessions", "abstract": False},
        ),
        migrations.RunSQL(CARRY_ON, migrations.RunSQL.noop),
    ]
