"""Keys with which products ask who may open them."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import members.ids


class Migration(migrations.Migration):
    dependencies = [
        ("billing_seats", "0005_beside_each_other"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProductKey",
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
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="keys", to="billing_seats.product"
                    ),
                ),
            ],
            options={"abstract": False},
        ),
    ]
