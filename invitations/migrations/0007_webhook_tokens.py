"""The tokens that a provider signed, so that none is good for a second body."""

from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("invitations", "0006_external_ids")]

    operations = [
        migrations.CreateModel(
            name="WebhookToken",
            fields=[
                ("token", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("digest", models.BinaryField(max_length=32)),
                ("created_at", models.DateTimeField(db_default=Now())),
            ],
            options={"indexes": [models.Index(fields=["created_at"], name="webhook_token_by_age")]},
        ),
    ]
