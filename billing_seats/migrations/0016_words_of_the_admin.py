"""The words that Django admin has for seats are the console's own."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billing_seats", "0015_undoable_changes")]

    operations = [migrations.AlterModelOptions("seatpool", {"verbose_name": "seats", "verbose_name_plural": "seats"})]
