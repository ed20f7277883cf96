"""What a deactivated member held, and when a person's sessions were ended."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0002_guards"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="seats_before",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=50), default=list, editable=False
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="sessions_ended_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
