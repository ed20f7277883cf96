"""A job and its rows. Its progress is written with the work of each chunk, in one transaction."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from members.ids import new_id

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


CHUNK = 100
"""Items of a bulk call committed at a time: a lock is held for tens of milliseconds, not for a whole long list."""

type Row = dict[str, Any]
"""The result for one item of a bulk call."""


class JobStatus(models.TextChoices):
    """The status of a job."""

    QUEUED = "queued"
    WORKING = "working"
    DONE = "done"
    STOPPED = "stopped"


OPEN = (JobStatus.QUEUED, JobStatus.WORKING)


class Job(models.Model):
    """A bulk call that runs in the background for the actor who asked for it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(
        "members.Workspace", on_delete=models.CASCADE, related_name="jobs", db_index=False, editable=False
    )
    kind = models.CharField(max_length=50)
    action = models.CharField(max_length=30)
    options = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    # The actor by id: their rights are read again for each chunk.
    actor_kind = models.CharField(max_length=8)
    actor_id = models.UUIDField()
    actor_name = models.CharField(max_length=100)
    actor_email = models.CharField(max_length=254, blank=True)
    status = models.CharField(max_length=8, choices=JobStatus, default=JobStatus.QUEUED)
    code = models.CharField(max_length=40, blank=True)
    detail = models.TextField(blank=True)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    # Whose turn is next: among open jobs, the one whose workspace was served longest ago.
    turn_at = models.DateTimeField(db_default=Now())
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)

    rows: "RelatedManager[JobRow]"

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(status__in=JobStatus.values), name="job_status_is_known"),
            models.CheckConstraint(
                condition=Q(status__in=OPEN, ended_at=None) | (~Q(status__in=OPEN) & Q(ended_at__isnull=False)),
                name="job_ends_once",
            ),
            models.CheckConstraint(condition=Q(total__gte=models.F("done") + models.F("refused")), name="job_adds_up"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "id"], name="job_of_a_workspace"),
            models.Index(fields=["turn_at", "id"], name="job_next", condition=Q(status__in=OPEN)),
            models.Index(fields=["ended_at"], name="job_ended", condition=Q(ended_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"


class JobRow(models.Model):
    """One item of a job, and its result once there is one."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="rows", db_index=False)
    number = models.PositiveIntegerField()
    item = models.JSONField(encoder=DjangoJSONEncoder)
    result = models.JSONField(null=True, encoder=DjangoJSONEncoder)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "number"], name="job_row_number")]

    def __str__(self) -> str:
        return f"{self.number}"
