"""A pause that the mail provider asks for is known to all outboxes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0011_external_ids")]

    operations = [
        migrations.CreateModel(
            name="ProviderPause",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("until", models.DateTimeField()),
                ("error", models.CharField(max_length=200)),
                ("error_code", models.CharField(max_length=40)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="provider_pause_is_one"),
                ],
            },
        ),
    ]
