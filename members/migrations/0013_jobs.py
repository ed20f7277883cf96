"""Jobs: bulk calls that run in the background."""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.core.serializers.json import DjangoJSONEncoder
from django.db import migrations, models

import members.ids


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0012_provider_pause"),
    ]

    operations = [
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.UUIDField(default=members.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=50)),
                ("action", models.CharField(max_length=30)),
                ("options", models.JSONField(default=dict, encoder=DjangoJSONEncoder)),
                ("actor_kind", models.CharField(max_length=8)),
                ("actor_id", models.UUIDField()),
                ("actor_name", models.CharField(max_length=100)),
                ("actor_email", models.CharField(blank=True, max_length=254)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("working", "Working"),
                            ("done", "Done"),
                            ("stopped", "Stopped"),
                        ],
                        default="queued",
                        max_length=8,
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=40)),
                ("detail", models.TextField(blank=True)),
                ("total", models.PositiveIntegerField()),
                ("done", models.PositiveIntegerField(default=0)),
                ("refused", models.PositiveIntegerField(default=0)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                ("turn_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("lease", models.UUIDField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="jobs",
                        to="members.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="JobRow",
            fields=[
                ("id", models.UUIDField(default=members.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField()),
                ("item", models.JSONField(encoder=DjangoJSONEncoder)),
                ("result", models.JSONField(encoder=DjangoJSONEncoder, null=True)),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="members.job",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["workspace", "id"], name="job_of_a_workspace"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("status__in", ("queued", "working"))), fields=["turn_at", "id"], name="job_next"
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(condition=models.Q(("ended_at__isnull", False)), fields=["ended_at"], name="job_ended"),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["queued", "working", "done", "stopped"])), name="job_status_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("status__in", ("queued", "working"))),
                    models.Q(
                        models.Q(("status__in", ("queued", "working")), _negated=True), ("ended_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="job_ends_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total__gte",
                        django.db.models.expressions.CombinedExpression(models.F("done"), "+", models.F("refused")),
                    )
                ),
                name="job_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="jobrow",
            constraint=models.UniqueConstraint(fields=("job", "number"), name="job_row_number"),
        ),
    ]
