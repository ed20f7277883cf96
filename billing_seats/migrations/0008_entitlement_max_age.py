"""How long a product may believe an answer about who may open it."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing_seats", "0007_history_and_repair")]

    operations = [
        migrations.AddField(
            model_name="product",
            name="entitlement_max_age",
            field=models.PositiveIntegerField(
                db_default=60,
                default=60,
                help_text="For how many seconds the product may believe that somebody may open it, before it asks again.",
                validators=[django.core.validators.MaxValueValidator(86400)],
                verbose_name="answers hold for",
            ),
        ),
    ]
